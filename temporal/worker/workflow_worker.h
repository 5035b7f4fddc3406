#pragma once

#include <memory>

#include "temporal/client/eager.h"
#include "temporal/core/workflow_task_handler.h"
#include "temporal/worker/deadlock_detector.h"
#include "temporal/worker/executor.h"
#include "temporal/worker/local_activities.h"
#include "temporal/worker/poller.h"
#include "temporal/worker/shared.h"
#include "temporal/worker/slots.h"

namespace temporal::worker {

class ActivityWorker;

// The place of a workflow worker in its client's dispatcher of eager starts.
class EagerStarts;

// Polls for workflow tasks, on the normal queue and on this worker's sticky one, has them handled and sends the
// replies.
class WorkflowWorker : private core::HistoryFetcher {
 public:
  using Task = api::workflowservice::v1::PollWorkflowTaskQueueResponse;

  // `local` has the local activities. `activities` gets the activity tasks that come with replies; may be null.
  WorkflowWorker(std::shared_ptr<const Shared> shared, const WorkflowRegistry& registry, const ActivityRegistry& local,
                 ActivityWorker* activities, std::shared_ptr<EagerWorkflowDispatcher> dispatcher);
  ~WorkflowWorker() override;

  void Start();
  void StopPolling();
  void JoinPolling();
  // Waits for the tasks being handled; their local activities are given up at `deadline`. False: there is workflow code
  // that never gave its thread back, so that this object must not be destroyed.
  bool Finish(std::chrono::steady_clock::time_point deadline);
  void EvictAll() { handler_.EvictAll(); }

 private:
  friend class EagerStarts;

  absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
      const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest& request) override;
  // A task as it came, and whether its payloads could be decoded. An empty token: none came.
  struct Received {
    Task task;
    absl::Status decoded;
  };
  struct TaskFacts {
    std::string run_id;
    int64_t started_event_id = 0;
    int attempt = 1;
  };
  absl::StatusOr<PollResult> Poll(bool sticky);
  // Runs a task whose slot is taken.
  void Dispatch(Received received);
  // False: the slot has been given back.
  bool Work(Received next);
  void OnDeadlock(const Task& task, std::string message);
  // The next task of the same run, if the reply brought one.
  Received Reply(const TaskFacts& task, core::WorkflowTaskReply reply);
  Received Completed(const TaskFacts& task, api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& request);
  void AnswerQuery(api::workflowservice::v1::RespondQueryTaskCompletedRequest& request);
  void CountOutcome(const std::string& type, const core::WorkflowTaskReply& reply);
  // The completion cannot be sent, and says so in the history: the first attempt, those after it time out.
  void FailUnsendable(const TaskFacts& task, const std::string& task_token, const absl::Status& why);
  // Asks for the activities this worker can begin at once to come with the answer; how many slots it holds for them.
  int RequestEager(api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& request);

  const std::shared_ptr<const Shared> shared_;
  const WorkflowRegistry registry_;
  const ActivityRegistry local_registry_;
  ActivityWorker* const activities_;
  LocalActivities locals_;
  core::WorkflowTaskHandler handler_;
  Slots slots_;
  Executor executor_;
  Poller normal_;
  Poller sticky_;
  const std::shared_ptr<EagerWorkflowDispatcher> dispatcher_;
  const std::shared_ptr<EagerStarts> eager_starts_;
  const std::shared_ptr<DeadlockDetector> deadlocks_;
};

}  // namespace temporal::worker
