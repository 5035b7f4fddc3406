#pragma once

#include "absl/status/statusor.h"

namespace gpuaas::platform {
class Database;
}

namespace gpuaas::activities {

class AgentClient;
struct NodeAddress;

// Removes the sandboxes on a node whose allocation does not live there (any more): what a fenced or forgotten node may
// still hold. Gives how many were removed. Errors of the agent client and of the database.
absl::StatusOr<int> ReconcileNode(platform::Database& database, AgentClient& agents, const NodeAddress& node);

}  // namespace gpuaas::activities
