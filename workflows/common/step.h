#pragma once

#include <chrono>

#include "temporal/common/activity_options.h"
#include "temporal/common/refs.h"

namespace gpuaas::workflows {

using namespace std::chrono_literals;

// A step of a flow: the activity that implements it and how it is run. Activities include the declaration for the wire
// name and the types, workflows also take the options, so that a step's bounds stand beside its name.
template <class RequestT, class ResultT>
struct Step {
  using Request = RequestT;
  using Result = ResultT;
  temporal::ActivityRef<RequestT, ResultT> ref;
  temporal::ActivityOptions (*options)();
};

// Writes a few rows: each attempt is short, and it is tried again until the database is back.
inline temporal::ActivityOptions InDatabase() {
  return temporal::ActivityOptions(30s).WithRetry(
      temporal::RetryPolicy().WithInitialInterval(500ms).WithMaximumInterval(30s));
}

// Asks a node agent to change something; tried again while the node cannot be reached.
inline temporal::ActivityOptions OnNode() {
  return temporal::ActivityOptions(90s).WithRetry(
      temporal::RetryPolicy().WithInitialInterval(1s).WithMaximumInterval(30s));
}

}  // namespace gpuaas::workflows
