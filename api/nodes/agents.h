#pragma once

#include "api/common/call.h"
#include "api/common/services.h"

// What node agents ask.
namespace gpuaas::api {

// kEnrolmentTokenInvalid; kEnrolmentTokenUsed; kInvalidArgument (the CSR); kConflict (another node has the name);
// kInvalidState (the node was reclaimed); the secret store's.
absl::StatusOr<platform::Response> AgentEnrol(Services& services, const Call& call);
// kUnauthenticated: not signed with the node's key, or no such node. kInvalidState: the node was reclaimed.
absl::StatusOr<platform::Response> AgentRenew(Services& services, const Call& call);
absl::StatusOr<platform::Response> AgentHeartbeat(Services& services, const Call& call);

}  // namespace gpuaas::api
