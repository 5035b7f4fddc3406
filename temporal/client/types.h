#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "temporal/common/retry_policy.h"
#include "temporal/common/time.h"
#include "temporal/converter/payload.h"

namespace temporal {

// Whether a workflow id may be used again after the earlier execution has ended.
enum class IdReusePolicy { kAllowDuplicate, kAllowDuplicateFailedOnly, kRejectDuplicate };
// What happens if an execution with that id is running.
enum class IdConflictPolicy { kFail, kUseExisting, kTerminateExisting };

struct StartOptions {
  StartOptions() {}
  StartOptions(std::string workflow_id, std::string queue) : id(std::move(workflow_id)), task_queue(std::move(queue)) {}

  std::string id;
  std::string task_queue;
  IdReusePolicy reuse = IdReusePolicy::kAllowDuplicate;
  IdConflictPolicy conflict = IdConflictPolicy::kFail;
  Duration execution_timeout{0};  // over retries and continue-as-new; 0: none
  Duration run_timeout{0};
  Duration task_timeout{0};  // 0: the server's (10 s)
  Duration start_delay{0};
  std::optional<RetryPolicy> retry_policy;
  std::string cron_schedule;
  std::map<std::string, Payload> memo;
  std::map<std::string, Payload> search_attributes;
  std::map<std::string, Payload> headers;
  std::string request_id;  // a repeated start with the same one gives the first's run; empty: a new one for each call
  std::string summary;     // one line shown in Temporal's UI
  // A worker that uses the same Client, has the same task queue and a free slot gets the first task with the answer to
  // the start, without a poll. Needs a server that does so; else the start is an ordinary one.
  bool enable_eager_start = false;

  StartOptions& WithEagerStart() {
    enable_eager_start = true;
    return *this;
  }
  StartOptions& WithConflict(IdConflictPolicy policy) {
    conflict = policy;
    return *this;
  }
  StartOptions& WithReuse(IdReusePolicy policy) {
    reuse = policy;
    return *this;
  }
  StartOptions& WithRequestId(std::string value) {
    request_id = std::move(value);
    return *this;
  }
  StartOptions& WithMemo(std::string key, Payload value) {
    memo[std::move(key)] = std::move(value);
    return *this;
  }
};

struct Started {
  std::string workflow_id;
  std::string run_id;
  bool started = true;  // false: an execution that was running is used
};

// How far an update has come: its validator let it pass; it has a result, has failed or was rejected.
enum class UpdateStage { kAccepted, kCompleted };

struct UpdateOptions {
  UpdateOptions() {}
  explicit UpdateOptions(Duration time) : timeout(time) {}

  Duration timeout = std::chrono::minutes(1);
  UpdateStage wait_for = UpdateStage::kCompleted;
  std::string update_id;     // a repeated update with the same one finds the first; empty: a new one for each call
  std::string first_run_id;  // the execution has to be of the chain that began with this run; empty: any

  UpdateOptions& WithStage(UpdateStage stage) {
    wait_for = stage;
    return *this;
  }
  UpdateOptions& WithId(std::string id) {
    update_id = std::move(id);
    return *this;
  }
};

enum class WorkflowStatus {
  kUnspecified,
  kRunning,
  kCompleted,
  kFailed,
  kCanceled,
  kTerminated,
  kContinuedAsNew,
  kTimedOut,
  kPaused
};
std::string_view WorkflowStatusName(WorkflowStatus status);  // "running", "completed", ...

struct WorkflowSummary {
  std::string workflow_id;
  std::string run_id;
  std::string type;
  std::string task_queue;
  WorkflowStatus status = WorkflowStatus::kUnspecified;
  Time started_at;
  std::optional<Time> closed_at;
  int64_t history_length = 0;
  std::map<std::string, Payload> memo;
  std::map<std::string, Payload> search_attributes;
};

enum class PendingActivityState { kScheduled, kStarted, kCancelRequested, kPaused, kPauseRequested, kUnspecified };

struct PendingActivity {
  std::string id;
  std::string type;
  PendingActivityState state = PendingActivityState::kUnspecified;
  bool paused = false;
  int attempt = 1;
  int maximum_attempts = 0;          // 0: without end
  std::optional<Time> scheduled_at;  // of the current attempt
  std::optional<Time> last_started_at;
  std::optional<Time> next_attempt_at;  // set while it backs off
  std::optional<Time> last_heartbeat_at;
  std::string last_failure_type;
  std::string last_failure_message;
  std::string last_worker_identity;
};

struct WorkflowDescription {
  WorkflowSummary summary;
  std::vector<PendingActivity> pending_activities;
  int pending_children = 0;
  std::optional<int> pending_workflow_task_attempt;  // above 1: the workflow task keeps failing
};

struct ListPage {
  std::vector<WorkflowSummary> workflows;
  std::string next_page_token;  // empty: the last page
};

}  // namespace temporal
