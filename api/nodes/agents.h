#pragma once

#include "api/common/call.h"
#include "api/common/services.h"

// What node agents ask.
namespace gpuaas::api {

// kEnrolmentTokenInvalid; kInvalidArgument (the CSR); kConflict (another node has the name); the secret store's.
absl::StatusOr<platform::Response> AgentEnrol(Services& services, const Call& call);
// kInvalidState: the node was reclaimed. kNotFound.
absl::StatusOr<platform::Response> AgentRenew(Services& services, const Call& call);
absl::StatusOr<platform::Response> AgentHeartbeat(Services& services, const Call& call);

}  // namespace gpuaas::api
