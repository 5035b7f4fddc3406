#pragma once

#include <map>
#include <optional>
#include <string>

#include "temporal/api/common/v1/message.pb.h"
#include "temporal/common/activity_options.h"
#include "temporal/common/retry_policy.h"
#include "temporal/common/time.h"

namespace temporal {

// How a workflow runs an activity inside its own worker, without a task of the server. start_to_close or
// schedule_to_close must be set; 0 means not set.
struct LocalActivityOptions {
  LocalActivityOptions() {}
  explicit LocalActivityOptions(Duration start_to_close_timeout) : start_to_close(start_to_close_timeout) {}

  Duration schedule_to_close{0};            // over all attempts, and the waiting between them
  Duration schedule_to_start{0};            // waiting for a slot of the worker; not retried
  Duration start_to_close{0};               // one attempt
  std::optional<RetryPolicy> retry_policy;  // none: the default one
  // The worker waits itself between attempts, and keeps the workflow task open so long. A longer back-off than this
  // becomes a timer of the workflow.
  Duration local_retry_threshold = std::chrono::minutes(1);
  ActivityCancellation cancellation = ActivityCancellation::kTryCancel;
  std::string activity_id;                                  // empty: numbered by the engine
  std::string summary;                                      // one line shown in Temporal's UI
  std::map<std::string, api::common::v1::Payload> headers;  // what the activity reads as ActivityInfo::headers

  LocalActivityOptions& WithScheduleToClose(Duration d) {
    schedule_to_close = d;
    return *this;
  }
  LocalActivityOptions& WithScheduleToStart(Duration d) {
    schedule_to_start = d;
    return *this;
  }
  LocalActivityOptions& WithStartToClose(Duration d) {
    start_to_close = d;
    return *this;
  }
  LocalActivityOptions& WithRetry(RetryPolicy policy) {
    retry_policy = std::move(policy);
    return *this;
  }
  LocalActivityOptions& WithLocalRetryThreshold(Duration d) {
    local_retry_threshold = d;
    return *this;
  }
  LocalActivityOptions& WithCancellation(ActivityCancellation c) {
    cancellation = c;
    return *this;
  }
  LocalActivityOptions& WithSummary(std::string text) {
    summary = std::move(text);
    return *this;
  }
};

}  // namespace temporal
