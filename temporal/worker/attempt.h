#pragma once

#include <memory>
#include <string>
#include <vector>

#include "temporal/activity/interceptor.h"
#include "temporal/activity/registry.h"

namespace temporal::worker {

// Runs one attempt of an activity, inside the interceptors, on this thread. What it throws becomes a status.
absl::StatusOr<Payload> RunAttempt(const ActivityRegistry& registry,
                                   const std::vector<std::shared_ptr<ActivityInterceptor>>& interceptors,
                                   ActivityContext& context, const Payloads& input);

}  // namespace temporal::worker
