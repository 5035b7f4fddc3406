#include "workflows/nodes/region_watch_workflow.h"

#include <optional>
#include <string>

#include "temporal/workflow/registry.h"
#include "workflows/common/ops_steps.h"
#include "workflows/nodes/region_steps.h"

namespace gpuaas::workflows {
namespace {

// Between watches that fail for good.
constexpr temporal::Duration kPauseAfterFailure = 1min;

// A watch that fails for good leaves an ops item, which the next one that ends well closes, and the flow goes on.
temporal::Task<void> Watch(temporal::Context ctx, flow::v1::SweepRequest sweep) {
  std::optional<std::string> failure;
  try {
    co_await ctx.Execute(steps::kSweep, sweep);
  } catch (const temporal::ActivityError& error) {
    if (temporal::IsCancellation(error)) throw;
    failure = std::string(error.status().message());
  }
  if (!failure) co_return;
  flow::v1::OpsItemRequest item;
  item.set_resource_id(sweep.region());
  item.set_kind("sweep_failed");
  item.set_summary("The region is not watched: " + *failure);
  co_await ctx.Execute(steps::kRaiseItem, item);
  co_await ctx.Sleep(kPauseAfterFailure);
}

temporal::Task<flow::v1::RegionWatchOutcome> RunRegionWatch(temporal::Context ctx,
                                                            flow::v1::RegionWatchRequest request) {
  flow::v1::SweepRequest sweep;
  sweep.set_region(request.region());
  *sweep.mutable_limits() = request.limits();
  while (!ctx.continue_as_new_suggested()) co_await Watch(ctx, sweep);
  ctx.ContinueAsNew(request);
}

}  // namespace

void RegisterRegionWatch(temporal::WorkflowRegistry& registry) { registry.AddFunction(kRegionWatch, RunRegionWatch); }

}  // namespace gpuaas::workflows
