#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "temporal/activity/activity_context.h"

namespace temporal {

// Code around every attempt of every activity of a worker.
class ActivityInterceptor {
 public:
  using Next = std::function<absl::StatusOr<Payload>()>;

  virtual ~ActivityInterceptor() = default;

  // Calls next() at most once and returns the outcome of the attempt. Runs on the activity's thread; must be
  // thread-safe. The status has the form in which the activity returned it, before it becomes a Failure. kCancelled
  // with context.cancelled() is a cancellation; IsResultPending is no end at all.
  virtual absl::StatusOr<Payload> Execute(ActivityContext& context, const Payloads& input, const Next& next) = 0;
};

}  // namespace temporal
