#include "temporal/client/client.h"

#include <unistd.h>

#include <climits>

#include "temporal/client/requests.h"

// Starting, signalling, querying and ending workflows.
namespace temporal {

using client_internal::Fill;
namespace service = api::workflowservice::v1;

namespace {

std::string DefaultIdentity() {
  char host[HOST_NAME_MAX + 1] = "";
  gethostname(host, sizeof host - 1);
  return std::to_string(getpid()) + "@" + host;
}

template <class Map>
void FillMap(Map& proto, const std::map<std::string, Payload>& values) {
  for (const auto& [key, value] : values) proto[key] = value;
}

// What starting and signal-with-start have in common.
template <class Request>
void FillStart(Request& request, const ClientOptions& client, std::string_view type, const Payloads& input,
               const StartOptions& options) {
  namespace enums = api::enums::v1;
  request.set_namespace_(client.name_space);
  request.set_identity(client.identity);
  request.set_workflow_id(options.id);
  request.mutable_workflow_type()->set_name(std::string(type));
  request.mutable_task_queue()->set_name(options.task_queue);
  *request.mutable_input() = input;
  request.set_request_id(options.request_id.empty() ? NewUuid() : options.request_id);
  switch (options.reuse) {
    case IdReusePolicy::kAllowDuplicate:
      request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE);
      break;
    case IdReusePolicy::kAllowDuplicateFailedOnly:
      request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY);
      break;
    case IdReusePolicy::kRejectDuplicate:
      request.set_workflow_id_reuse_policy(enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE);
      break;
  }
  if (options.execution_timeout > Duration(0)) {
    *request.mutable_workflow_execution_timeout() = ToProto(options.execution_timeout);
  }
  if (options.run_timeout > Duration(0)) *request.mutable_workflow_run_timeout() = ToProto(options.run_timeout);
  if (options.task_timeout > Duration(0)) *request.mutable_workflow_task_timeout() = ToProto(options.task_timeout);
  if (options.start_delay > Duration(0)) *request.mutable_workflow_start_delay() = ToProto(options.start_delay);
  if (options.retry_policy) *request.mutable_retry_policy() = ToProto(*options.retry_policy);
  request.set_cron_schedule(options.cron_schedule);
  if (!options.memo.empty()) FillMap(*request.mutable_memo()->mutable_fields(), options.memo);
  if (!options.search_attributes.empty()) {
    FillMap(*request.mutable_search_attributes()->mutable_indexed_fields(), options.search_attributes);
  }
  if (!options.headers.empty()) FillMap(*request.mutable_header()->mutable_fields(), options.headers);
  if (!options.summary.empty()) {
    *request.mutable_user_metadata()->mutable_summary() = converter_internal::ScalarPayload(options.summary);
  }
}

absl::Status CheckStart(const StartOptions& options) {
  if (options.id.empty()) return absl::InvalidArgumentError("a workflow needs an id");
  if (options.task_queue.empty()) return absl::InvalidArgumentError("a workflow needs a task queue");
  return absl::OkStatus();
}

api::enums::v1::WorkflowIdConflictPolicy Wire(IdConflictPolicy policy) {
  switch (policy) {
    case IdConflictPolicy::kUseExisting:
      return api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING;
    case IdConflictPolicy::kTerminateExisting:
      return api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING;
    case IdConflictPolicy::kFail:
      break;
  }
  return api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_FAIL;
}

}  // namespace

Client::Client(std::shared_ptr<Transport> transport, ClientOptions options)
    : transport_(std::move(transport)), options_(std::move(options)) {
  if (options_.identity.empty()) options_.identity = DefaultIdentity();
}

absl::StatusOr<service::StartWorkflowExecutionRequest> client_internal::StartRequest(const ClientOptions& client,
                                                                                     std::string_view type,
                                                                                     const Payloads& input,
                                                                                     const StartOptions& options) {
  if (absl::Status status = CheckStart(options); !status.ok()) return status;
  service::StartWorkflowExecutionRequest request;
  FillStart(request, client, type, input, options);
  request.set_workflow_id_conflict_policy(Wire(options.conflict));
  return request;
}

absl::StatusOr<Started> Client::StartUntyped(std::string_view type, const Payloads& input,
                                             const StartOptions& options) {
  auto request = client_internal::StartRequest(options_, type, input, options);
  if (!request.ok()) return request.status();
  auto eager = options.enable_eager_start ? eager_dispatcher_->TryReserve(options.task_queue)
                                          : EagerWorkflowDispatcher::Slot(nullptr);
  request->set_request_eager_execution(static_cast<bool>(eager));
  auto response = Invoke<service::StartWorkflowExecutionResponse>(*transport_, "StartWorkflowExecution", *request);
  if (!response.ok()) return response.status();
  if (eager && response->has_eager_workflow_task()) eager.Run(std::move(*response->mutable_eager_workflow_task()));
  return Started{options.id, response->run_id(), response->started()};
}

absl::StatusOr<Started> Client::SignalWithStartUntyped(std::string_view type, const Payloads& input,
                                                       std::string_view signal, const Payloads& signal_input,
                                                       const StartOptions& options) {
  if (absl::Status status = CheckStart(options); !status.ok()) return status;
  service::SignalWithStartWorkflowExecutionRequest request;
  FillStart(request, options_, type, input, options);
  request.set_workflow_id_conflict_policy(
      Wire(options.conflict == IdConflictPolicy::kFail ? IdConflictPolicy::kUseExisting : options.conflict));
  request.set_signal_name(std::string(signal));
  *request.mutable_signal_input() = signal_input;
  auto response = Invoke<service::SignalWithStartWorkflowExecutionResponse>(
      *transport_, "SignalWithStartWorkflowExecution", request);
  if (!response.ok()) return response.status();
  return Started{options.id, response->run_id(), response->started()};
}

absl::Status Client::SignalUntyped(const Execution& execution, std::string_view name, const Payloads& input,
                                   std::string_view request_id) {
  service::SignalWorkflowExecutionRequest request;
  request.set_namespace_(options_.name_space);
  request.set_identity(options_.identity);
  Fill(*request.mutable_workflow_execution(), execution);
  request.set_signal_name(std::string(name));
  *request.mutable_input() = input;
  request.set_request_id(request_id.empty() ? NewUuid() : std::string(request_id));
  return Invoke<service::SignalWorkflowExecutionResponse>(*transport_, "SignalWorkflowExecution", request).status();
}

absl::StatusOr<Payloads> Client::QueryUntyped(const Execution& execution, std::string_view name, const Payloads& input,
                                              Duration timeout) {
  service::QueryWorkflowRequest request;
  request.set_namespace_(options_.name_space);
  Fill(*request.mutable_execution(), execution);
  request.mutable_query()->set_query_type(std::string(name));
  *request.mutable_query()->mutable_query_args() = input;
  CallOptions call(timeout);
  call.retry_for = timeout;
  auto response = Invoke<service::QueryWorkflowResponse>(*transport_, "QueryWorkflow", request, call);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_query_result());
}

absl::Status Client::Cancel(const Execution& execution, std::string_view reason) {
  service::RequestCancelWorkflowExecutionRequest request;
  request.set_namespace_(options_.name_space);
  request.set_identity(options_.identity);
  Fill(*request.mutable_workflow_execution(), execution);
  request.set_reason(std::string(reason));
  request.set_request_id(NewUuid());
  return Invoke<service::RequestCancelWorkflowExecutionResponse>(*transport_, "RequestCancelWorkflowExecution", request)
      .status();
}

absl::Status Client::Terminate(const Execution& execution, std::string_view reason) {
  service::TerminateWorkflowExecutionRequest request;
  request.set_namespace_(options_.name_space);
  request.set_identity(options_.identity);
  Fill(*request.mutable_workflow_execution(), execution);
  request.set_reason(std::string(reason));
  return Invoke<service::TerminateWorkflowExecutionResponse>(*transport_, "TerminateWorkflowExecution", request)
      .status();
}

absl::StatusOr<std::string> Client::Ping(Duration timeout) {
  CallOptions call(timeout);
  call.retry_for = Duration(0);
  auto response =
      Invoke<service::GetSystemInfoResponse>(*transport_, "GetSystemInfo", service::GetSystemInfoRequest(), call);
  if (!response.ok()) return response.status();
  return response->server_version();
}

}  // namespace temporal
