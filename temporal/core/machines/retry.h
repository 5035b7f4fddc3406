#pragma once

#include <variant>

#include "temporal/api/enums/v1/workflow.pb.h"
#include "temporal/common/retry_policy.h"
#include "temporal/core/machines/jobs.h"

namespace temporal::core {

// What the server does after a failed attempt of an activity, for those that it knows nothing of: how long to wait
// before the next attempt, or why there is none.
std::variant<Duration, api::enums::v1::RetryState> NextRetry(const RetryPolicy& policy, int attempt,
                                                             const FailureMessage& failure);

}  // namespace temporal::core
