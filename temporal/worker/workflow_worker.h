#pragma once

#include <memory>

#include "temporal/core/workflow_task_handler.h"
#include "temporal/worker/executor.h"
#include "temporal/worker/poller.h"
#include "temporal/worker/shared.h"

namespace temporal::worker {

class ActivityWorker;

// Polls for workflow tasks, on the normal queue and on this worker's sticky one, has them handled and sends the
// replies.
class WorkflowWorker : private core::HistoryFetcher {
 public:
  using Task = api::workflowservice::v1::PollWorkflowTaskQueueResponse;

  // `activities` gets the activity tasks that come with replies; may be null.
  WorkflowWorker(std::shared_ptr<const Shared> shared, const WorkflowRegistry& registry, ActivityWorker* activities);
  ~WorkflowWorker() override;

  void Start();
  void StopPolling();
  void JoinPolling();
  void Finish();  // waits for the tasks being handled
  void EvictAll() { handler_.EvictAll(); }

 private:
  absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
      const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest& request) override;
  absl::StatusOr<bool> Poll(bool sticky);
  void Work(Task task);
  // The next task of the same run, if the reply brought one; its token is empty otherwise.
  Task Reply(const std::string& run_id, core::WorkflowTaskReply reply);
  Task Completed(const std::string& run_id, api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& request);
  // Says in the history why the task cannot be completed; without it the task would time out again and again.
  void FailTooLarge(const std::string& task_token);
  // Asks for the activities this worker can begin at once to come with the answer; how many slots it holds for them.
  int RequestEager(api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& request);

  const std::shared_ptr<const Shared> shared_;
  ActivityWorker* const activities_;
  core::WorkflowTaskHandler handler_;
  Slots slots_;
  Executor executor_;
  Poller normal_;
  Poller sticky_;
};

}  // namespace temporal::worker
