#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

// A stretch of time in which an allocation was usable, as the control plane knows it. Rating comes later.
struct UsageInterval {
  UsageIntervalId id;
  TenantId tenant;
  ProjectId project;
  AllocationId allocation;
  NodeId node;
  std::string sku;
  std::string region;
  int gpus = 0;
  Time opened_at;
  std::optional<Time> closed_at;
  std::string close_reason;  // "released", "lease_expired", "node_lost", ...; empty while open
};

// Opens an interval for an active allocation on its node; gives the open one if there is one (a retried step).
// kNotFound; kInvalidState if the allocation is not placed.
absl::StatusOr<UsageInterval> OpenUsage(platform::Transaction& tx, const AllocationId& allocation, Time at);

// A node's heartbeat: the open intervals of the sandboxes that it names as running are proven up to `at`.
// `sandboxes_json` is as the agent sent it: [{allocation_id, running, ...}]. System scope.
absl::Status ProveUsage(platform::Transaction& tx, const NodeId& node, const std::string& sandboxes_json, Time at);

// Up to when the open interval is proven; nothing if it never was, or none is open.
absl::StatusOr<std::optional<Time>> LastProven(platform::Transaction& tx, const AllocationId& allocation);

// Closes the open interval at `at`, never before it was opened. Gives nothing if none is open.
absl::StatusOr<std::optional<UsageInterval>> CloseUsage(platform::Transaction& tx, const AllocationId& allocation,
                                                        Time at, const std::string& reason);

// Oldest first.
absl::StatusOr<std::vector<UsageInterval>> ListUsage(platform::Transaction& tx, const AllocationId& allocation);

}  // namespace gpuaas::stores
