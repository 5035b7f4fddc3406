#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/common/observer.h"
#include "temporal/common/time.h"
#include "temporal/common/versioning.h"
#include "temporal/core/history/fetcher.h"
#include "temporal/core/machines/local_activity_host.h"
#include "temporal/workflow/interceptor.h"
#include "temporal/workflow/registry.h"

namespace temporal::core {

// Watches the code of a workflow while it runs for one task.
class ActivationGuard {
 public:
  virtual ~ActivationGuard() = default;
  // The code begins to run on this thread; `place` tells where it is, on any thread, until Leave.
  virtual void Enter(const internal::Place& place) = 0;
  // It has come back. False: it was given up meanwhile, and nothing that it did counts.
  virtual bool Leave() = 0;
};

struct WorkflowTaskHandlerOptions {
  WorkflowTaskHandlerOptions() {}

  std::string namespace_name = "default";
  std::string task_queue;
  std::string identity;
  std::string build_id;
  WorkerDeploymentOptions deployment;
  // Empty, or max_cached_runs = 0: no sticky execution, every task replays the whole history.
  std::string sticky_task_queue;
  Duration sticky_schedule_to_start = std::chrono::seconds(10);
  size_t max_cached_runs = 1000;
  Observer* observer = &SilentObserver();  // must outlive the handler
  // Runs local activities, must outlive the handler. Null: workflows must not use any.
  LocalActivityHost* local_activities = nullptr;
  std::vector<WorkflowInterceptorFactory> interceptors;  // the first is the outermost
};

// What to send for a workflow task; monostate: nothing (the server lets the task time out). Complete: token, identity,
// namespace, commands, query results, sticky attributes and SDK metadata are filled in.
using WorkflowTaskReply = std::variant<std::monostate, api::workflowservice::v1::RespondWorkflowTaskCompletedRequest,
                                       api::workflowservice::v1::RespondWorkflowTaskFailedRequest,
                                       api::workflowservice::v1::RespondQueryTaskCompletedRequest>;

// The workflow side of a worker: turns polled workflow tasks into replies, and keeps runs in an LRU cache between them.
// Does no I/O but for fetching history and for waiting for local activities: as long as some run, a task is answered
// only when 80 % of its time are over, with the wish for another one, and the run is kept for that. Thread-safe:
// different runs proceed in parallel, a second task for a run waits for the first to be replied.
class WorkflowTaskHandler {
 public:
  // `registry` and `fetcher` must outlive the handler.
  WorkflowTaskHandler(WorkflowTaskHandlerOptions options, const WorkflowRegistry& registry, HistoryFetcher& fetcher);
  ~WorkflowTaskHandler();

  // Errors: kUnavailable if history could not be fetched (the run is evicted, the task may be left to time out).
  // A task that came back in RespondWorkflowTaskCompletedResponse.workflow_task is handled the same way. `guard` may be
  // null; when it gives the code up there is no reply (monostate), and the run is gone.
  absl::StatusOr<WorkflowTaskReply> Handle(api::workflowservice::v1::PollWorkflowTaskQueueResponse task,
                                           ActivationGuard* guard = nullptr);

  // The reply to a task that cannot be done. Of the history nothing is needed.
  WorkflowTaskReply Refuse(const api::workflowservice::v1::PollWorkflowTaskQueueResponse& task,
                           const absl::Status& why) const;

  // Call when a reply could not be delivered (NotFound, UnhandledCommand or any other error): what the run believes is
  // no longer what the server knows. Also good for reset. No effect on unknown runs.
  void Evict(std::string_view run_id);
  // Call when the answer to a reply with force_create_new_workflow_task brought no task: another worker may get it.
  void Unhold(std::string_view run_id);
  // Call with reset_history_event_id of the answer to a completion: the server has dropped the speculative task with
  // that started event, and its next one goes on after event `reset_to`.
  void Rewind(const std::string& run_id, int64_t started_event_id, int64_t reset_to);
  void EvictAll();

  size_t cached_runs() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace temporal::core
