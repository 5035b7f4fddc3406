#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "platform/clock/clock.h"
#include "stores/allocation/allocations.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/caller.h"
#include "tests/mocks/postgres/test_database.h"

namespace gpuaas::tests {

// A migrated and seeded database, and short words for what most tests need.
class StoresTest : public testing::Test {
 protected:
  StoresTest();

  platform::Database& db() { return database_.app(); }
  Time now() const { return clock_.Now(); }

  // Runs `body` in the scope of everybody; fails the test if it fails.
  template <typename T>
  T InSystem(absl::FunctionRef<absl::StatusOr<T>(platform::Transaction&)> body) {
    return Must(db().TransactFor<T>(platform::SystemScope{}, body));
  }
  absl::Status System(absl::FunctionRef<absl::Status(platform::Transaction&)> body) {
    return db().Transact(platform::SystemScope{}, body);
  }

  template <typename T>
  static T Must(absl::StatusOr<T> result) {
    if (!result.ok()) throw std::runtime_error(result.status().ToString());
    return *std::move(result);
  }

  // A new allocation of acme's (or other's) user with its create operation, in state requested.
  stores::Allocation NewAllocation(int gpus, const stores::Caller& caller, const std::string& sku = "h200-sxm-slice");
  stores::Allocation NewAllocation(int gpus) { return NewAllocation(gpus, acme_); }

  // An active node with H200 GPUs.
  stores::Node NewNode(const std::string& name, int gpus);

  // Moves an allocation on by its driving operation.
  stores::Allocation Move(const stores::Allocation& allocation, domain::AllocationState to);

  // The types of the tenant's log in order.
  std::vector<std::string> LogTypes(const TenantId& tenant);

  // Until a session of this database waits for a lock, at most 10 s; false: none does.
  bool SomebodyWaits();

  TestDatabase database_;
  platform::ManualClock clock_;
  stores::Caller acme_;    // dev-user in ml-research
  stores::Caller globex_;  // other-user in research
};

MATCHER_P(FailsWith, code, std::string("is an error with code ") + std::string(InfoOf(code).name)) {
  const absl::Status status = arg.status();
  *result_listener << status.ToString();
  return !status.ok() && ErrorCodeOf(status) == code;
}
MATCHER_P(IsError, code, std::string("is an error with code ") + std::string(InfoOf(code).name)) {
  *result_listener << arg.ToString();
  return !arg.ok() && ErrorCodeOf(arg) == code;
}

}  // namespace gpuaas::tests
