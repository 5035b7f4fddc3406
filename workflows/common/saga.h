#pragma once

#include <functional>
#include <string>
#include <vector>

#include "temporal/workflow/context.h"
#include "temporal/workflow/task.h"

namespace gpuaas::workflows {

// Compensations of a flow. Each is registered before the step it undoes, needs nothing of that step's result, and is
// idempotent, because the step may have happened, or not, or may have happened twice.
class Saga {
 public:
  using Undo = std::function<temporal::Task<void>()>;

  void OnUnwind(Undo undo) { undos_.push_back(std::move(undo)); }

  // Runs them, the latest first, each until it succeeds: `on_failure` is awaited after each failure, to raise the alarm
  // and to pause. They must run in a shielded context, so that no cancellation stops them.
  temporal::Task<void> Unwind(std::function<temporal::Task<void>(std::string cause)> on_failure);

 private:
  std::vector<Undo> undos_;
};

}  // namespace gpuaas::workflows
