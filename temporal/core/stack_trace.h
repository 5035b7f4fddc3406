#pragma once

#include <string>

#include "temporal/api/sdk/v1/enhanced_stack_trace.pb.h"
#include "temporal/workflow/internal/scheduler.h"

namespace temporal::core {

// The coroutines of a run that is at rest, in the order of their creation: what each waits for, and where, the
// innermost call first. Empty when none is left. A run that was replayed shows what the one it is a replay of showed.
std::string StackTrace(const internal::Scheduler& scheduler);

// The same for programs, with the SDK's own frames; sources are not sent along.
api::sdk::v1::EnhancedStackTrace EnhancedStackTrace(const internal::Scheduler& scheduler);

}  // namespace temporal::core
