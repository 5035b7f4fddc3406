#include "workflows/nodes/region_watch_workflow.h"

#include "temporal/workflow/registry.h"
#include "workflows/nodes/region_steps.h"

namespace gpuaas::workflows {
namespace {

temporal::Task<flow::v1::RegionWatchOutcome> RunRegionWatch(temporal::Context ctx,
                                                            flow::v1::RegionWatchRequest request) {
  flow::v1::SweepRequest sweep;
  sweep.set_region(request.region());
  *sweep.mutable_limits() = request.limits();
  while (!ctx.continue_as_new_suggested()) co_await ctx.Execute(steps::kSweep, sweep);
  ctx.ContinueAsNew(request);
}

}  // namespace

void RegisterRegionWatch(temporal::WorkflowRegistry& registry) { registry.AddFunction(kRegionWatch, RunRegionWatch); }

}  // namespace gpuaas::workflows
