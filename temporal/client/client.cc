#include "temporal/client/client.h"

#include <unistd.h>

#include <climits>

#include "temporal/client/requests.h"
#include "temporal/converter/codec.h"

// Starting, signalling, querying and ending workflows.
namespace temporal {

using client_internal::Fill;
using client_internal::FillMap;
using client_internal::Intercepted;
using client_internal::NewRequest;
namespace service = api::workflowservice::v1;

namespace {

std::string DefaultIdentity() {
  char host[HOST_NAME_MAX + 1] = "";
  gethostname(host, sizeof host - 1);
  return std::to_string(getpid()) + "@" + host;
}

// What starting and signal-with-start have in common.
template <class Request>
void FillStart(Request& request, const ClientOptions& client, std::string_view type, const Payloads& input,
               const StartOptions& options) {
  namespace enums = api::enums::v1;
  request.set_namespace_(client.name_space);
  request.set_identity(client.identity);
  client_internal::FillWorkflow(request, type, input, options);
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
  if (options.start_delay > Duration(0)) *request.mutable_workflow_start_delay() = ToProto(options.start_delay);
  request.set_cron_schedule(options.cron_schedule);
}

absl::Status CheckStart(const StartOptions& options) {
  if (options.id.empty()) return absl::InvalidArgumentError("a workflow needs an id");
  if (options.task_queue.empty()) return absl::InvalidArgumentError("a workflow needs a task queue");
  return options.versioning_override ? CheckOverride(*options.versioning_override) : absl::OkStatus();
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
                                                                                     const StartWorkflowInput& input) {
  if (absl::Status status = CheckStart(input.options); !status.ok()) return status;
  service::StartWorkflowExecutionRequest request;
  FillStart(request, client, input.type, input.input, input.options);
  request.set_workflow_id_conflict_policy(Wire(input.options.conflict));
  return request;
}

absl::StatusOr<Started> Client::StartUntyped(std::string_view type, const Payloads& input,
                                             const StartOptions& options) {
  return Intercepted(
      options_.interceptors, &ClientInterceptor::Start, {std::string(type), input, options},
      [this](const StartWorkflowInput& start) -> absl::StatusOr<Started> {
        auto request = client_internal::StartRequest(options_, start);
        if (!request.ok()) return request.status();
        auto eager = start.options.enable_eager_start ? eager_dispatcher_->TryReserve(start.options.task_queue)
                                                      : EagerWorkflowDispatcher::Slot(nullptr);
        request->set_request_eager_execution(static_cast<bool>(eager));
        if (eager && !eager.worker().deployment().version.empty()) {
          *request->mutable_eager_worker_deployment_options() = ToProto(eager.worker().deployment());
        }
        service::StartWorkflowExecutionResponse response;
        const absl::Status status = transport_->Call("StartWorkflowExecution", *request, response, CallOptions());
        // Started it is even if the task that came along cannot be decoded: that one is left to time out.
        if (!status.ok() && FailedCodecStep(status) != CodecStep::kDecode) return status;
        if (status.ok() && eager && response.has_eager_workflow_task()) {
          eager.Run(std::move(*response.mutable_eager_workflow_task()));
        }
        return Started{start.options.id, response.run_id(), response.started()};
      });
}

absl::StatusOr<Started> Client::SignalWithStartUntyped(std::string_view type, const Payloads& input,
                                                       std::string_view signal, const Payloads& signal_input,
                                                       const StartOptions& options) {
  return Intercepted(
      options_.interceptors, &ClientInterceptor::SignalWithStart,
      {{std::string(type), input, options}, std::string(signal), signal_input},
      [this](const SignalWithStartInput& both) -> absl::StatusOr<Started> {
        const StartOptions& start = both.start.options;
        if (absl::Status status = CheckStart(start); !status.ok()) return status;
        service::SignalWithStartWorkflowExecutionRequest request;
        FillStart(request, options_, both.start.type, both.start.input, start);
        request.set_workflow_id_conflict_policy(
            Wire(start.conflict == IdConflictPolicy::kFail ? IdConflictPolicy::kUseExisting : start.conflict));
        request.set_signal_name(both.signal);
        *request.mutable_signal_input() = both.signal_input;
        auto response = Invoke<service::SignalWithStartWorkflowExecutionResponse>(
            *transport_, "SignalWithStartWorkflowExecution", request);
        if (!response.ok()) return response.status();
        return Started{start.id, response->run_id(), response->started()};
      });
}

absl::Status Client::SignalUntyped(const Execution& execution, std::string_view name, const Payloads& input,
                                   std::string_view request_id) {
  return Intercepted(
      options_.interceptors, &ClientInterceptor::Signal,
      {execution, std::string(name), input, {}, std::string(request_id)}, [this](const SignalWorkflowInput& signal) {
        auto request = NewRequest<service::SignalWorkflowExecutionRequest>(options_);
        Fill(*request.mutable_workflow_execution(), signal.execution);
        request.set_signal_name(signal.signal);
        *request.mutable_input() = signal.input;
        if (!signal.headers.empty()) FillMap(*request.mutable_header()->mutable_fields(), signal.headers);
        request.set_request_id(signal.request_id.empty() ? NewUuid() : signal.request_id);
        return Invoke<service::SignalWorkflowExecutionResponse>(*transport_, "SignalWorkflowExecution", request)
            .status();
      });
}

absl::StatusOr<Payloads> Client::QueryUntyped(const Execution& execution, std::string_view name, const Payloads& input,
                                              Duration timeout) {
  return Intercepted(
      options_.interceptors, &ClientInterceptor::Query, {execution, std::string(name), input, {}, timeout},
      [this](const QueryWorkflowInput& query) -> absl::StatusOr<Payloads> {
        auto request = NewRequest<service::QueryWorkflowRequest>(options_);
        Fill(*request.mutable_execution(), query.execution);
        request.mutable_query()->set_query_type(query.query);
        *request.mutable_query()->mutable_query_args() = query.input;
        if (!query.headers.empty())
          FillMap(*request.mutable_query()->mutable_header()->mutable_fields(), query.headers);
        CallOptions call(query.timeout);
        call.retry_for = query.timeout;
        auto response = Invoke<service::QueryWorkflowResponse>(*transport_, "QueryWorkflow", request, call);
        if (!response.ok()) return response.status();
        return std::move(*response->mutable_query_result());
      });
}

absl::Status Client::Cancel(const Execution& execution, std::string_view reason) {
  return Intercepted(options_.interceptors, &ClientInterceptor::Cancel, {execution, std::string(reason)},
                     [this](const CancelWorkflowInput& cancel) {
                       auto request = NewRequest<service::RequestCancelWorkflowExecutionRequest>(options_);
                       Fill(*request.mutable_workflow_execution(), cancel.execution);
                       request.set_reason(cancel.reason);
                       request.set_request_id(NewUuid());
                       return Invoke<service::RequestCancelWorkflowExecutionResponse>(
                                  *transport_, "RequestCancelWorkflowExecution", request)
                           .status();
                     });
}

absl::Status Client::Terminate(const Execution& execution, std::string_view reason) {
  return Intercepted(options_.interceptors, &ClientInterceptor::Terminate, {execution, std::string(reason)},
                     [this](const TerminateWorkflowInput& terminate) {
                       auto request = NewRequest<service::TerminateWorkflowExecutionRequest>(options_);
                       Fill(*request.mutable_workflow_execution(), terminate.execution);
                       request.set_reason(terminate.reason);
                       return Invoke<service::TerminateWorkflowExecutionResponse>(*transport_,
                                                                                  "TerminateWorkflowExecution", request)
                           .status();
                     });
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
