#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

// The ops item of a node that can be heard and yet keeps a sandbox that has no right to it.
inline constexpr char kSandboxLeft[] = "sandbox_left";

// Opens it for the node, or counts it once more; critical. `why` says what is left.
absl::Status RaiseSandboxLeft(platform::Transaction& tx, const NodeId& node, const std::string& why, Time now);

// Closes it: the node was asked and holds nothing that it should not.
absl::Status CloseSandboxLeft(platform::Transaction& tx, const NodeId& node, Time now);

// The region's nodes in contact whose last heartbeat names a sandbox of an allocation that holds no GPUs, and had held
// none for `grace` before it (a removal takes a while to show); and those whose item of that kind is open, but only
// once nothing is being released there: the flow that raised the item has yet to free the GPUs. System scope.
absl::StatusOr<std::vector<NodeId>> ListNodesWithLeftovers(platform::Transaction& tx, const std::string& region,
                                                           std::chrono::seconds grace);

}  // namespace gpuaas::stores
