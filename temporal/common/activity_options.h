#pragma once

#include <map>
#include <optional>
#include <string>

#include "temporal/api/common/v1/message.pb.h"
#include "temporal/common/retry_policy.h"
#include "temporal/common/time.h"

namespace temporal {

// What a workflow does with a running activity when its scope is cancelled.
enum class ActivityCancellation {
  kTryCancel,      // ask for cancellation and go on at once
  kWaitCompleted,  // ask, and wait for what the activity reports
  kAbandon,        // do not ask, go on at once
};

// How a workflow runs an activity. start_to_close or schedule_to_close must be set; 0 means not set.
struct ActivityOptions {
  ActivityOptions() {}
  explicit ActivityOptions(Duration start_to_close_timeout) : start_to_close(start_to_close_timeout) {}

  Duration schedule_to_close{0};  // over all attempts
  Duration schedule_to_start{0};  // waiting for a worker; not retried
  Duration start_to_close{0};     // one attempt
  Duration heartbeat{0};          // longest silence of a running attempt
  std::optional<RetryPolicy> retry_policy;
  ActivityCancellation cancellation = ActivityCancellation::kTryCancel;
  std::string task_queue;                                   // empty: the workflow's own
  std::string activity_id;                                  // empty: numbered by the engine
  std::string summary;                                      // one line shown in Temporal's UI
  bool disable_eager_execution = false;                     // never hand it to this worker with the task's answer
  std::map<std::string, api::common::v1::Payload> headers;  // what the activity reads as ActivityInfo::headers

  ActivityOptions& WithScheduleToClose(Duration d) {
    schedule_to_close = d;
    return *this;
  }
  ActivityOptions& WithScheduleToStart(Duration d) {
    schedule_to_start = d;
    return *this;
  }
  ActivityOptions& WithStartToClose(Duration d) {
    start_to_close = d;
    return *this;
  }
  ActivityOptions& WithHeartbeat(Duration d) {
    heartbeat = d;
    return *this;
  }
  ActivityOptions& WithRetry(RetryPolicy policy) {
    retry_policy = std::move(policy);
    return *this;
  }
  ActivityOptions& WithCancellation(ActivityCancellation c) {
    cancellation = c;
    return *this;
  }
  ActivityOptions& WithTaskQueue(std::string queue) {
    task_queue = std::move(queue);
    return *this;
  }
  ActivityOptions& WithSummary(std::string text) {
    summary = std::move(text);
    return *this;
  }
};

}  // namespace temporal
