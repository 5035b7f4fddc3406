#include <algorithm>

#include "temporal/client/client.h"
#include "temporal/client/requests.h"
#include "temporal/converter/failure_converter.h"

// Histories, and the result of a workflow from the event that closed it.
namespace temporal {

namespace service = api::workflowservice::v1;
using api::history::v1::HistoryEvent;
using client_internal::Fill;

namespace {

constexpr Duration kLongPoll = std::chrono::seconds(65);  // the server answers after at most 60 s

// How a run ended: a result, a failure, or a next run to follow.
struct Outcome {
  absl::StatusOr<Payloads> result = absl::InternalError("the closing event is of an unknown type");
  std::string next_run_id;
};

absl::Status Ended(const std::function<void(Failure&)>& fill) {
  Failure failure;
  fill(failure);
  return FromFailure(failure);
}

Outcome OutcomeOf(const HistoryEvent& event) {
  switch (event.attributes_case()) {
    case HistoryEvent::kWorkflowExecutionCompletedEventAttributes: {
      const auto& closed = event.workflow_execution_completed_event_attributes();
      return {closed.result(), closed.new_execution_run_id()};
    }
    case HistoryEvent::kWorkflowExecutionFailedEventAttributes: {
      const auto& closed = event.workflow_execution_failed_event_attributes();
      return {FromFailure(closed.failure()), closed.new_execution_run_id()};
    }
    case HistoryEvent::kWorkflowExecutionTimedOutEventAttributes:
      return {Ended([](Failure& failure) {
                failure.set_message("the workflow timed out");
                failure.mutable_timeout_failure_info()->set_timeout_type(api::enums::v1::TIMEOUT_TYPE_START_TO_CLOSE);
              }),
              event.workflow_execution_timed_out_event_attributes().new_execution_run_id()};
    case HistoryEvent::kWorkflowExecutionCanceledEventAttributes:
      return {Ended([&](Failure& failure) {
                failure.set_message("the workflow was cancelled");
                *failure.mutable_canceled_failure_info()->mutable_details() =
                    event.workflow_execution_canceled_event_attributes().details();
              }),
              {}};
    case HistoryEvent::kWorkflowExecutionTerminatedEventAttributes:
      return {Ended([&](Failure& failure) {
                const auto& closed = event.workflow_execution_terminated_event_attributes();
                failure.set_message(closed.reason().empty() ? "the workflow was terminated" : closed.reason());
                failure.mutable_terminated_failure_info()->set_identity(closed.identity());
              }),
              {}};
    case HistoryEvent::kWorkflowExecutionContinuedAsNewEventAttributes:
      return {absl::InternalError("continued without a next run"),
              event.workflow_execution_continued_as_new_event_attributes().new_execution_run_id()};
    default:
      return {};
  }
}

}  // namespace

absl::StatusOr<Payloads> Client::GetResultUntyped(const Execution& execution, Duration timeout, std::stop_token stop) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  service::GetWorkflowExecutionHistoryRequest request;
  request.set_namespace_(options_.name_space);
  Fill(*request.mutable_execution(), execution);
  request.set_wait_new_event(true);
  request.set_history_event_filter_type(api::enums::v1::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
  request.set_skip_archival(true);
  while (true) {
    const Duration left = until - std::chrono::steady_clock::now();
    if (left <= Duration(0)) return absl::DeadlineExceededError("the workflow is still running");
    CallOptions call(std::min(left, kLongPoll));
    call.long_poll = true;
    call.stop = stop;
    call.retry_for = left;
    auto response =
        Invoke<service::GetWorkflowExecutionHistoryResponse>(*transport_, "GetWorkflowExecutionHistory", request, call);
    if (!response.ok()) {
      if (response.status().code() == absl::StatusCode::kDeadlineExceeded) continue;  // of this poll only
      return response.status();
    }
    if (response->history().events_size() == 0) {
      request.set_next_page_token(response->next_page_token());
      continue;
    }
    Outcome outcome = OutcomeOf(*response->history().events().rbegin());
    if (outcome.next_run_id.empty()) return std::move(outcome.result);
    request.mutable_execution()->set_run_id(outcome.next_run_id);
    request.clear_next_page_token();
  }
}

absl::StatusOr<api::history::v1::History> Client::History(const Execution& execution) {
  service::GetWorkflowExecutionHistoryRequest request;
  request.set_namespace_(options_.name_space);
  Fill(*request.mutable_execution(), execution);
  api::history::v1::History history;
  do {
    auto response =
        Invoke<service::GetWorkflowExecutionHistoryResponse>(*transport_, "GetWorkflowExecutionHistory", request);
    if (!response.ok()) return response.status();
    history.MergeFrom(response->history());
    request.set_next_page_token(response->next_page_token());
  } while (!request.next_page_token().empty());
  return history;
}

}  // namespace temporal
