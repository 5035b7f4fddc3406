#pragma once

#include "gpuaas/flow/v1/region.pb.h"
#include "workflows/common/step.h"

namespace gpuaas::workflows {

inline constexpr temporal::WorkflowRef<flow::v1::RegionWatchRequest, flow::v1::RegionWatchOutcome> kRegionWatch{
    "region-watch"};

namespace steps {

// One watch: looks for late, lost and returned nodes at every tick, tells node/<id> of each transition, and tells the
// queue when more GPUs are free than before. Heartbeats with its SweepReport.
inline const temporal::Step<flow::v1::SweepRequest, flow::v1::SweepReport> kSweep{
    "region.Sweep", temporal::ActivityOptions(1h).WithHeartbeat(30s).WithRetry(
                        temporal::RetryPolicy().WithInitialInterval(1s).WithMaximumInterval(10s))};

}  // namespace steps
}  // namespace gpuaas::workflows
