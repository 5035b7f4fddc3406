#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "domain/ids.h"
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

  // What a look compares with, and updates.
  struct Seen {
    std::int64_t free_gpus = std::numeric_limits<std::int64_t>::max();
    std::map<NodeId, Time> reconciled;  // when the node's workflow was last asked to
  };
  // One look at the region: changes the contact of nodes and tells their workflows, asks those of nodes that report
  // sandboxes without an allocation to reconcile, and tells the queue if more GPUs are free than before. Adds to
  // `report`.
  absl::Status Tick(const flow::v1::SweepRequest& request, Seen& seen, flow::v1::SweepReport& report);

 private:
  // At the end of each watch: deletes what has served its time, a bounded number of rows, and closes the item of
  // watches that failed.
  absl::Status Settle(const std::string& region);

  platform::Database& database_;
  const platform::Clock& clock_;
  const std::stop_token stop_;
};

}  // namespace gpuaas::activities
