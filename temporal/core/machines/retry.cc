#include "temporal/core/machines/retry.h"

#include <algorithm>
#include <cmath>

#include "temporal/common/proto.h"

namespace temporal::core {

namespace enums = api::enums::v1;

namespace {

// The policy may name the kind of timeout, as the server has it.
constexpr char kTimeoutType[] = "TemporalTimeout:StartToClose";

bool IsNonRetryable(const RetryPolicy& policy, const FailureMessage& failure) {
  if (failure.application_failure_info().non_retryable() || failure.server_failure_info().non_retryable()) return true;
  const auto& types = policy.non_retryable_error_types;
  const std::string type =
      failure.has_timeout_failure_info() ? kTimeoutType : failure.application_failure_info().type();
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

std::variant<Duration, enums::RetryState> NextRetry(const RetryPolicy& policy, int attempt,
                                                    const FailureMessage& failure) {
  if (failure.has_canceled_failure_info()) return enums::RETRY_STATE_CANCEL_REQUESTED;
  if (failure.has_timeout_failure_info() &&
      failure.timeout_failure_info().timeout_type() != enums::TIMEOUT_TYPE_START_TO_CLOSE) {
    return enums::RETRY_STATE_TIMEOUT;
  }
  if (IsNonRetryable(policy, failure)) return enums::RETRY_STATE_NON_RETRYABLE_FAILURE;
  if (policy.maximum_attempts > 0 && attempt >= policy.maximum_attempts) {
    return enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED;
  }
  if (failure.application_failure_info().has_next_retry_delay()) {
    return FromProto(failure.application_failure_info().next_retry_delay());
  }
  const Duration longest =
      policy.maximum_interval > Duration::zero() ? policy.maximum_interval : 100 * policy.initial_interval;
  const double next = static_cast<double>(policy.initial_interval.count()) *
                      std::pow(policy.backoff_coefficient, std::max(0, attempt - 1));
  if (next >= static_cast<double>(longest.count())) return longest;
  return Duration(static_cast<Duration::rep>(next));
}

}  // namespace temporal::core
