#pragma once

#include <nlohmann/json.hpp>

#include "api/common/call.h"
#include "api/common/services.h"
#include "domain/nodes/state.h"

// Nodes as operators see and order them. All in the system scope; the permission was checked before.
namespace gpuaas::api {

absl::StatusOr<platform::Response> ListNodes(Services& services, const Call& call);
absl::StatusOr<platform::Response> GetNode(Services& services, const Call& call);

// Orders the node's workflow to bring it to `to`; `signal` is the order's name. kNotFound; kInvalidState.
absl::StatusOr<platform::Response> OrderNode(Services& services, const Call& call, const char* signal,
                                             domain::NodeState to);

}  // namespace gpuaas::api
