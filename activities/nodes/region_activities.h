#pragma once

#include <cstdint>
#include <stop_token>

#include "absl/status/statusor.h"
#include "gpuaas/flow/v1/region.pb.h"

namespace temporal {
class ActivityContext;
}

namespace gpuaas::platform {
class Clock;
class Database;
}  // namespace gpuaas::platform

namespace gpuaas::activities {

class StepRegistry;

// The step of workflows/nodes/region_steps.h. Thread-safe. Errors: the database's.
class RegionActivities {
 public:
  // `stop` ends a running sweep early and well, so that the worker can leave at once and another goes on. The
  // references must outlive the object.
  RegionActivities(platform::Database& database, const platform::Clock& clock, std::stop_token stop);

  // The object must outlive the registry's use.
  void Register(StepRegistry& registry);

  absl::StatusOr<flow::v1::SweepReport> Sweep(temporal::ActivityContext& context,
                                              const flow::v1::SweepRequest& request);

  // One look at the region: changes the contact of nodes, tells their workflows, and tells the queue if more GPUs are
  // free than `free_before`, which it updates. Adds to `report`.
  absl::Status Tick(const flow::v1::SweepRequest& request, std::int64_t& free_before, flow::v1::SweepReport& report);

 private:
  // Deletes what has served its time, a bounded number of rows: done at the end of each watch.
  absl::Status Purge();

  platform::Database& database_;
  const platform::Clock& clock_;
  const std::stop_token stop_;
};

}  // namespace gpuaas::activities
