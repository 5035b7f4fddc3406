#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "temporal/common/time.h"

// Errors are absl::Status on our side and Failure messages on Temporal's. A status made from a Failure carries it as a
// payload, so that nothing is lost on the way through (cause chain, type, details); see converter/failure_converter.h.
namespace temporal {

// What Temporal knows of an application failure beside its message.
struct FailureAttributes {
  FailureAttributes() {}

  std::string type;  // matched by RetryPolicy::non_retryable_error_types; default: the code's name, "NOT_FOUND"
  bool non_retryable = false;                // true: no retry policy tries again
  std::optional<Duration> next_retry_delay;  // overrides the policy's next interval
};

// Gives a product the last word on how one of its statuses becomes a Failure: called with the attributes the SDK's
// table suggests. Must be thread-safe and, where used by workflows, deterministic.
using FailureHook = std::function<void(const absl::Status&, FailureAttributes&)>;

// Whether an attempt that ends with this code is worth repeating. The one table:
// retryable are unknown, deadline exceeded, resource exhausted, aborted, internal, unavailable and cancelled (a
// cancellation nobody asked for); the other codes would fail the same way again.
bool IsRetryable(absl::StatusCode code);

// A status that becomes an ApplicationFailure with these attributes, whatever the table says.
absl::Status ApplicationError(absl::StatusCode code, std::string_view message, const FailureAttributes& attributes);

// The attributes the status carries (ApplicationError, or decoded from a Failure), else those of the table.
FailureAttributes AttributesOf(const absl::Status& status);

// The `type` of the innermost application failure in the status's cause chain, or empty.
std::string FailureType(const absl::Status& status);

}  // namespace temporal
