#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "temporal/common/retry_policy.h"
#include "temporal/common/time.h"
#include "temporal/common/versioning.h"
#include "temporal/converter/payload.h"

namespace temporal {

// Encoded values that travel beside the arguments.
using Headers = std::map<std::string, Payload>;

// Names one execution; an empty run id means the newest run.
struct Execution {
  Execution() {}
  Execution(std::string id) : workflow_id(std::move(id)) {}  // NOLINT: a workflow id names its newest run
  Execution(const char* id) : workflow_id(id) {}             // NOLINT
  Execution(std::string id, std::string run) : workflow_id(std::move(id)), run_id(std::move(run)) {}

  std::string workflow_id;
  std::string run_id;
};

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
  Headers headers;
  std::string request_id;  // a repeated start with the same one gives the first's run; empty: a new one for each call
  std::string summary;     // one line shown in Temporal's UI
  std::string details;     // more of it, several lines of Markdown
  std::optional<VersioningOverride> versioning_override;  // in the place of what the workflow's workers say
  // A worker that uses the same Client, has the same task queue and a free slot gets the first task with the answer to
  // the start, without a poll. Needs a server that does so; else the start is an ordinary one.
  bool enable_eager_start = false;

  StartOptions& WithEagerStart() {
    enable_eager_start = true;
    return *this;
  }
  StartOptions& WithVersioningOverride(VersioningOverride value) {
    versioning_override = std::move(value);
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

// What starting a workflow gives.
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

// An update that a workflow was asked for. `outcome` is set as soon as it is known.
struct UntypedUpdate {
  Execution execution;
  std::string update_id;
  std::optional<absl::StatusOr<Payloads>> outcome;
};
template <class ResultType>
struct UpdateHandle : UntypedUpdate {};
// The same with how the workflow was started.
template <class ResultType>
struct StartedUpdate {
  Started started;
  UpdateHandle<ResultType> update;
};

// The workflow task that a reset goes back to.
enum class ResetType { kLastWorkflowTask, kFirstWorkflowTask };
// What came after that task and is not brought to the new run. The numbers are the wire's.
enum class ResetReapplyExclude { kSignal = 1, kUpdate = 2, kNexus = 3 };

struct ResetOptions {
  ResetOptions() {}
  explicit ResetOptions(std::string why) : reason(std::move(why)) {}

  std::string reason;
  ResetType type = ResetType::kLastWorkflowTask;
  // A WorkflowTaskCompleted, Failed, TimedOut or Started event to go back to instead; 0: none. Not for batches.
  int64_t workflow_task_finish_event_id = 0;
  std::vector<ResetReapplyExclude> exclude;
  std::string request_id;  // a repeated reset with the same one gives the first's run; empty: a new one for each call

  ResetOptions& WithType(ResetType value) {
    type = value;
    return *this;
  }
  ResetOptions& WithEvent(int64_t event_id) {
    workflow_task_finish_event_id = event_id;
    return *this;
  }
  ResetOptions& WithExclude(std::vector<ResetReapplyExclude> value) {
    exclude = std::move(value);
    return *this;
  }
  ResetOptions& WithRequestId(std::string id) {
    request_id = std::move(id);
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

// How an execution is tied to versions of its workers.
struct WorkflowVersioning {
  VersioningBehavior behavior = VersioningBehavior::kUnspecified;  // unspecified: not at all
  // Of the worker that completed the last workflow task, or inherited by a run that has none yet; empty: neither.
  WorkerDeploymentVersion version;
  std::optional<VersioningOverride> versioning_override;  // counts before the two above
  // An auto-upgrading run whose pending workflow task goes to another version: that one, empty for unversioned workers.
  std::optional<WorkerDeploymentVersion> transition_to;
};

// Options of a running execution that can be changed.
struct WorkflowExecutionOptions {
  std::optional<VersioningOverride> versioning_override;
};
struct VersioningOverrideChange {
  VersioningOverrideChange() {}
  explicit VersioningOverrideChange(VersioningOverride to) : value(std::move(to)) {}
  std::optional<VersioningOverride> value;  // nullopt: takes the override away
};
// What is not named stays.
struct WorkflowExecutionOptionsChanges {
  WorkflowExecutionOptionsChanges() {}
  explicit WorkflowExecutionOptionsChanges(VersioningOverrideChange change) : versioning_override(std::move(change)) {}
  std::optional<VersioningOverrideChange> versioning_override;
};

struct WorkflowDescription {
  WorkflowSummary summary;
  std::string static_summary;  // StartOptions::summary and details
  std::string static_details;
  std::vector<PendingActivity> pending_activities;
  int pending_children = 0;
  std::optional<int> pending_workflow_task_attempt;  // above 1: the workflow task keeps failing
  std::optional<WorkflowVersioning> versioning;      // nullopt: no versioned worker has touched it
};

struct ListPage {
  std::vector<WorkflowSummary> workflows;
  std::string next_page_token;  // empty: the last page
};

// How many executions share the values of what the query groups by.
struct CountGroup {
  std::vector<Payload> values;  // one for each attribute; read with FromPayload
  int64_t count = 0;
};

}  // namespace temporal
