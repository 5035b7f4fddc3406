#pragma once

#include <string>

#include "domain/status.h"
#include "domain/time.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::activities {

// Tells the allocations that wait for capacity in a region, first in the queue first, to try again: `capacity` signals
// through the outbox. Gives how many were told. System scope.
absl::StatusOr<int> KickQueue(platform::Transaction& tx, const std::string& region, Time now);

}  // namespace gpuaas::activities
