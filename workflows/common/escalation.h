#pragma once

#include <utility>

#include "temporal/workflow/context.h"
#include "workflows/common/ops_steps.h"

namespace gpuaas::workflows {

// Waits for `work`; once it takes longer than `bound` an ops item is raised, and resolved when the work succeeds after
// all. Throws what `work` fails with; the item then stays open for the operators.
template <class T>
temporal::Task<T> Escalated(temporal::Context ctx, temporal::Future<T> work, temporal::Duration bound,
                            flow::v1::OpsItemRequest item) {
  const bool in_time = co_await ctx.UntilFor([work] { return work.ready(); }, bound);
  if (!in_time) co_await ctx.Execute(steps::kRaiseItem, item);
  T result = co_await work;
  if (!in_time) co_await ctx.Execute(steps::kResolveItem, item);
  co_return result;
}

}  // namespace gpuaas::workflows
