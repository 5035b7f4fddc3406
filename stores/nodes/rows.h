#pragma once

#include "platform/postgres/transaction.h"
#include "stores/nodes/nodes.h"

// Shared by the files of this folder only.
namespace gpuaas::stores {

// Makes the node's GPUs those of the inventory: what is new appears, what is gone is kept as not present.
absl::Status ApplyInventory(platform::Transaction& tx, const NodeId& node, const NodeInventory& inventory, Time now);

// Logs an event of the platform's log: `type` is "node." and `what`.
void LogNode(platform::Transaction& tx, const NodeId& node, const std::string& name, std::string_view what,
             const std::string& reason, const OperationId& operation, const Caller& caller, Time now);

// The control plane itself, as a caller in the platform's log.
Caller SystemCaller();

}  // namespace gpuaas::stores
