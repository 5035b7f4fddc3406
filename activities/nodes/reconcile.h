#pragma once

#include "absl/status/statusor.h"

namespace gpuaas::platform {
class Database;
}

namespace gpuaas::activities {

class AgentClient;
struct NodeAddress;

struct Reconciled {
  int removed = 0;
  int ending = 0;  // still there, of allocations that are being released: without a right to it soon
};

// Removes the sandboxes on a node whose allocation does not live there (any more): what a fenced or forgotten node may
// still hold. Errors of the agent client and of the database.
absl::StatusOr<Reconciled> ReconcileNode(platform::Database& database, AgentClient& agents, const NodeAddress& node);

}  // namespace gpuaas::activities
