#pragma once

#include "absl/status/statusor.h"
#include "gpuaas/flow/v1/allocation.pb.h"

namespace gpuaas::platform {
class Clock;
class Database;
}  // namespace gpuaas::platform

namespace gpuaas::activities {

class StepRegistry;

// The steps of workflows/common/ops_steps.h. Thread-safe. Errors: the database's.
class OpsActivities {
 public:
  // The references must outlive the object.
  OpsActivities(platform::Database& database, const platform::Clock& clock) : database_(database), clock_(clock) {}

  // The object must outlive the registry's use.
  void Register(StepRegistry& registry);

  absl::StatusOr<flow::v1::Done> RaiseItem(const flow::v1::OpsItemRequest& request);
  absl::StatusOr<flow::v1::Done> ResolveItem(const flow::v1::OpsItemRequest& request);

 private:
  platform::Database& database_;
  const platform::Clock& clock_;
};

}  // namespace gpuaas::activities
