#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

// What `ops overview` shows; counts of all tenants (system scope).
struct Overview {
  std::map<std::string, std::int64_t> allocations_by_state;  // living ones only
  std::map<std::string, std::int64_t> nodes_by_state;        // by display state
  std::int64_t gpus_total = 0;
  std::int64_t gpus_assigned = 0;
  std::int64_t queued_gpus = 0;
  std::int64_t open_items = 0;
  std::int64_t outbox_unsent = 0;
  std::int64_t running_operations = 0;
};

absl::StatusOr<Overview> GetOverview(platform::Transaction& tx);

}  // namespace gpuaas::stores
