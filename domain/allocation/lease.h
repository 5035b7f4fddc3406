#pragma once

#include <chrono>

#include "domain/status.h"
#include "domain/time.h"

namespace gpuaas::domain {

struct LeasePolicy {
  std::chrono::seconds standard = std::chrono::hours(24);  // when none is asked for
  std::chrono::seconds minimum = std::chrono::minutes(1);
  std::chrono::seconds maximum = std::chrono::hours(24 * 14);  // in all, extensions included
};

// The lease to grant for what was asked; zero asks for the standard. kInvalidArgument with details.fields
// (lease_seconds).
absl::StatusOr<std::chrono::seconds> GrantLease(const LeasePolicy& policy, std::chrono::seconds asked);

// The lease after adding `by`. kInvalidArgument (`by` is not positive), kQuotaExceeded with details {maximum_seconds,
// granted_seconds}.
absl::StatusOr<std::chrono::seconds> ExtendLease(const LeasePolicy& policy, std::chrono::seconds granted,
                                                 std::chrono::seconds by);

}  // namespace gpuaas::domain
