#pragma once

#include <chrono>

#include "temporal/workflow/options.h"

// How the steps of our flows are run. A step's declaration (`steps.h` of its feature) names its activity, its types and
// one of these.
namespace gpuaas::workflows {

using namespace std::chrono_literals;

// Writes a few rows: each attempt is short, and it is tried again until the database is back.
inline temporal::ActivityOptions InDatabase() {
  return temporal::ActivityOptions(30s).WithRetry(
      temporal::RetryPolicy().WithInitialInterval(500ms).WithMaximumInterval(30s));
}

// Asks a node agent to change something; tried again while the node cannot be reached. The time of one attempt is also
// how long a step waits whose worker died with it.
inline temporal::ActivityOptions OnNode() {
  return temporal::ActivityOptions(30s).WithRetry(
      temporal::RetryPolicy().WithInitialInterval(1s).WithMaximumInterval(30s));
}

}  // namespace gpuaas::workflows
