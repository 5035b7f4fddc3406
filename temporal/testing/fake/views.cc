#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "temporal/api/errordetails/v1/message.pb.h"
#include "temporal/testing/fake/server.h"
#include "temporal/transport/error_details.h"

// Looking at executions: histories, descriptions, queries.
namespace temporal::testing::fake {

absl::Status Server::GetHistory(const service::GetWorkflowExecutionHistoryRequest& request,
                                service::GetWorkflowExecutionHistoryResponse& response, Lock& lock,
                                const CallOptions& call) {
  Run* run = Find(request.execution());
  int64_t first = 1;
  if (const std::vector<std::string> parts = absl::StrSplit(request.next_page_token(), '|'); parts.size() == 3) {
    run = ByRunId(parts[1]);
    if (!absl::SimpleAtoi(parts[2], &first)) return absl::InvalidArgumentError("Invalid NextPageToken.");
  }
  if (run == nullptr) return NoSuchExecution("workflow not found");
  if (request.history_event_filter_type() == enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT) {
    if (request.wait_new_event() && !WaitFor(lock, call, [&] { return !run->open(); })) {
      if (call.stop.stop_requested()) return absl::CancelledError("the call was cancelled");
      response.set_next_page_token(absl::StrCat("h|", run->run_id, "|1"));
      return absl::OkStatus();
    }
    *response.mutable_history()->add_events() = run->events.back();
    return absl::OkStatus();
  }
  Page(*run, first, /*of_task=*/request.next_page_token().starts_with("t|"), *response.mutable_history(),
       *response.mutable_next_page_token());
  return absl::OkStatus();
}

absl::Status Server::GetHistoryReverse(const service::GetWorkflowExecutionHistoryReverseRequest& request,
                                       service::GetWorkflowExecutionHistoryReverseResponse& response, Lock&,
                                       const CallOptions&) {
  const Run* run = Find(request.execution());
  if (run == nullptr) return NoSuchExecution("workflow not found");
  response.mutable_history()->mutable_events()->Add(run->events.rbegin(), run->events.rend());
  return absl::OkStatus();
}

namespace {

void Fill(const Run& run, api::workflow::v1::WorkflowExecutionInfo& info) {
  info.mutable_execution()->set_workflow_id(run.workflow_id);
  info.mutable_execution()->set_run_id(run.run_id);
  *info.mutable_type() = run.started.workflow_type();
  info.set_task_queue(run.started.task_queue().name());
  info.set_status(run.status);
  *info.mutable_start_time() = ToProto(run.start_time);
  if (run.close_time) *info.mutable_close_time() = ToProto(*run.close_time);
  info.set_history_length(run.last_event_id());
  *info.mutable_memo() = run.started.memo();
  *info.mutable_search_attributes() = run.started.search_attributes();
}

}  // namespace

absl::Status Server::Describe(const service::DescribeWorkflowExecutionRequest& request,
                              service::DescribeWorkflowExecutionResponse& response, Lock&, const CallOptions&) {
  const Run* run = Find(request.execution());
  if (run == nullptr) return NoSuchExecution("workflow not found");
  Fill(*run, *response.mutable_workflow_execution_info());
  if (run->version || run->versioning_override) {
    FillVersioning(*run, *response.mutable_workflow_execution_info()->mutable_versioning_info());
  }
  for (const auto& [id, activity] : run->activities) {
    auto& info = *response.add_pending_activities();
    info.set_activity_id(activity.attributes.activity_id());
    *info.mutable_activity_type() = activity.attributes.activity_type();
    info.set_attempt(activity.attempt);
    info.set_maximum_attempts(activity.attributes.retry_policy().maximum_attempts());
    const bool started = activity.state == Activity::State::kStarted;
    info.set_state(started ? enums::PENDING_ACTIVITY_STATE_STARTED : enums::PENDING_ACTIVITY_STATE_SCHEDULED);
    if (started) *info.mutable_last_started_time() = ToProto(activity.started);
    if (activity.last_failure) *info.mutable_last_failure() = *activity.last_failure;
  }
  return absl::OkStatus();
}

absl::Status Server::List(const service::ListWorkflowExecutionsRequest&,
                          service::ListWorkflowExecutionsResponse& response, Lock&, const CallOptions&) {
  for (const auto& [id, run] : runs_) Fill(run, *response.add_executions());
  return absl::OkStatus();
}

absl::Status Server::Count(const service::CountWorkflowExecutionsRequest&,
                           service::CountWorkflowExecutionsResponse& response, Lock&, const CallOptions&) {
  response.set_count(static_cast<int64_t>(runs_.size()));
  return absl::OkStatus();
}

absl::Status Server::QueryWorkflow(const service::QueryWorkflowRequest& request,
                                   service::QueryWorkflowResponse& response, Lock& lock, const CallOptions& call) {
  Run* run = Find(request.execution());
  if (run == nullptr) return NoSuchExecution("workflow not found");
  const std::string id = absl::StrCat("query-", next_id_++);
  queries_[id] = {request.query(), run->run_id, {}};
  if (run->open() && (run->task.state != WorkflowTask::State::kNone || run->previous_started_id == 0)) {
    run->queries.push_back(id);
  } else {
    const std::string& queue = StaysSticky(*run) ? run->sticky_queue : run->started.task_queue().name();
    workflow_queues_[queue].tasks.push_back({run->run_id, 0, 1, id});
    changed.notify_all();
  }
  const bool answered = WaitFor(lock, call, [&] { return queries_[id].answer.has_value(); });
  const Query query = queries_[id];
  queries_.erase(id);
  if (!answered) return absl::DeadlineExceededError("the query was not answered in time");
  if (!query.answer->ok()) return query.answer->status();
  *response.mutable_query_result() = **query.answer;
  return absl::OkStatus();
}

void Server::Answer(const std::string& query_id, const api::query::v1::WorkflowQueryResult& result) {
  const auto query = queries_.find(query_id);
  if (query == queries_.end()) return;
  if (result.result_type() == enums::QUERY_RESULT_TYPE_ANSWERED) {
    query->second.answer = result.answer();
  } else {
    absl::Status error = absl::InvalidArgumentError(result.error_message());
    api::errordetails::v1::QueryFailedFailure detail;
    *detail.mutable_failure() = result.failure();
    SetErrorDetail(error, detail);
    query->second.answer = std::move(error);
  }
}

absl::Status Server::AnswerQuery(const service::RespondQueryTaskCompletedRequest& request,
                                 service::RespondQueryTaskCompletedResponse&, Lock&, const CallOptions&) {
  api::query::v1::WorkflowQueryResult result;
  result.set_result_type(request.completed_type());
  *result.mutable_answer() = request.query_result();
  result.set_error_message(request.error_message());
  *result.mutable_failure() = request.failure();
  Answer(request.task_token().substr(2), result);
  return absl::OkStatus();
}

}  // namespace temporal::testing::fake
