#pragma once

#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

struct QueueEntry {
  AllocationId id;
  TenantId tenant;
  ProjectId project;
  std::string sku;
  int gpus = 0;
  int position = 0;  // from 1
  Time queued_at;
};

// The region's waiting allocations (queued, no release accepted, nothing reserved yet) in the order of
// domain::OrderQueue. System scope.
absl::StatusOr<std::vector<QueueEntry>> LoadQueue(platform::Transaction& tx, const std::string& region);

// Position of one (from 1), and 0 if it doesn't wait. System scope.
absl::StatusOr<int> QueuePosition(platform::Transaction& tx, const AllocationId& id);

}  // namespace gpuaas::stores
