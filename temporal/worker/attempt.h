#pragma once

#include "temporal/activity/registry.h"
#include "temporal/worker/shared.h"

namespace temporal::worker {

// Runs one attempt of an activity, inside the worker's interceptors, on this thread. What it throws becomes a status.
absl::StatusOr<Payload> RunAttempt(const Shared& shared, const ActivityRegistry& registry, ActivityContext& context,
                                   const Payloads& input);

}  // namespace temporal::worker
