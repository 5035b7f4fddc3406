#pragma once

#include <memory>

#include "temporal/core/workflow_task_handler.h"
#include "temporal/worker/executor.h"
#include "temporal/worker/local_activities.h"
#include "temporal/worker/poller.h"
#include "temporal/worker/shared.h"

namespace temporal::worker {

class ActivityWorker;

// Polls for workflow tasks, on the normal queue and on this worker's sticky one, has them handled and sends the
// replies.
class WorkflowWorker : private core::HistoryFetcher {
 public:
  using Task = api::workflowservice::v1::PollWorkflowTaskQueueResponse;

  // `local` has the local activities. `activities` gets the activity tasks that come with replies; may be null.
  WorkflowWorker(std::shared_ptr<const Shared> shared, const WorkflowRegistry& registry, const ActivityRegistry& local,
                 ActivityWorker* activities);
  ~WorkflowWorker() override;

  void Start();
  void StopPolling();
  void JoinPolling();
  // Waits for the tasks being handled; their local activities are given up at `deadline`.
  void Finish(std::chrono::steady_clock::time_point deadline);
  void EvictAll() { handler_.EvictAll(); }

 private:
  absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
      const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest& request) override;
  absl::StatusOr<bool> Poll(bool sticky);
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
  void Work(Received next);
  // The next task of the same run, if the reply brought one.
  Received Reply(const TaskFacts& task, core::WorkflowTaskReply reply);
  Received Completed(const TaskFacts& task, api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& request);
  // The completion cannot be sent, and says so in the history: the first attempt, those after it time out.
  void FailUnsendable(const TaskFacts& task, const std::string& task_token, const absl::Status& why);
  void AnswerQuery(api::workflowservice::v1::RespondQueryTaskCompletedRequest& request);
  // Asks for the activities this worker can begin at once to come with the answer; how many slots it holds for them.
  int RequestEager(api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& request);

  const std::shared_ptr<const Shared> shared_;
  ActivityWorker* const activities_;
  LocalActivities locals_;
  core::WorkflowTaskHandler handler_;
  Slots slots_;
  Executor executor_;
  Poller normal_;
  Poller sticky_;
};

}  // namespace temporal::worker
