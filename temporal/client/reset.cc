#include "temporal/api/history/v1/message.pb.h"
#include "temporal/client/client.h"
#include "temporal/client/requests.h"

// Resetting an execution: finding the event to go back to, as the server does it in batches.
namespace temporal {

namespace service = api::workflowservice::v1;
namespace enums = api::enums::v1;
using client_internal::Fill;
using client_internal::NewRequest;

namespace {

// The event of the first or the last completed workflow task in these pages; if there is none, the one that the first
// scheduled task will have when it starts.
template <class Response, class Request>
absl::StatusOr<int64_t> FindTask(Transport& transport, std::string_view method, Request request) {
  int64_t scheduled = 0;
  do {
    const auto response = Invoke<Response>(transport, method, request);
    if (!response.ok()) return response.status();
    for (const auto& event : response->history().events()) {
      if (event.event_type() == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED) return event.event_id();
      if (event.event_type() != enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) continue;
      if (scheduled == 0 || event.event_id() < scheduled) scheduled = event.event_id();
    }
    request.set_next_page_token(response->next_page_token());
  } while (!request.next_page_token().empty());
  if (scheduled == 0) return absl::FailedPreconditionError("the workflow has no workflow task to go back to yet");
  return scheduled + 1;
}

absl::StatusOr<int64_t> EventOf(Transport& transport, const ClientOptions& client, const Execution& execution,
                                const ResetOptions& options) {
  if (options.workflow_task_finish_event_id != 0) return options.workflow_task_finish_event_id;
  if (options.type == ResetType::kFirstWorkflowTask) {
    auto request = NewRequest<service::GetWorkflowExecutionHistoryRequest>(client);
    Fill(*request.mutable_execution(), execution);
    return FindTask<service::GetWorkflowExecutionHistoryResponse>(transport, "GetWorkflowExecutionHistory",
                                                                  std::move(request));
  }
  auto request = NewRequest<service::GetWorkflowExecutionHistoryReverseRequest>(client);
  Fill(*request.mutable_execution(), execution);
  return FindTask<service::GetWorkflowExecutionHistoryReverseResponse>(transport, "GetWorkflowExecutionHistoryReverse",
                                                                       std::move(request));
}

}  // namespace

absl::StatusOr<std::string> Client::Reset(const Execution& execution, const ResetOptions& options) {
  const auto event = EventOf(*transport_, options_, execution, options);
  if (!event.ok()) return event.status();
  auto request = NewRequest<service::ResetWorkflowExecutionRequest>(options_);
  Fill(*request.mutable_workflow_execution(), execution);
  request.set_reason(options.reason);
  request.set_workflow_task_finish_event_id(*event);
  request.set_request_id(options.request_id.empty() ? NewUuid() : options.request_id);
  for (const ResetReapplyExclude each : options.exclude) {
    request.add_reset_reapply_exclude_types(static_cast<enums::ResetReapplyExcludeType>(each));
  }
  auto response = Invoke<service::ResetWorkflowExecutionResponse>(*transport_, "ResetWorkflowExecution", request);
  if (!response.ok()) return response.status();
  return response->run_id();
}

}  // namespace temporal
