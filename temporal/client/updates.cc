#include <algorithm>
#include <functional>

#include "temporal/client/client.h"
#include "temporal/client/requests.h"
#include "temporal/converter/failure_converter.h"

// Updates: asking for them, waiting for them.
namespace temporal {

namespace service = api::workflowservice::v1;
namespace enums = api::enums::v1;
using client_internal::Fill;
using client_internal::Intercepted;

namespace {

using Steady = std::chrono::steady_clock;
using Response = service::UpdateWorkflowExecutionResponse;
constexpr Duration kLongPoll = std::chrono::seconds(65);  // the server answers before

constexpr char kWorkflowEndedFirst[] = "AcceptedUpdateCompletedWorkflow";  // the server's name for it

enums::UpdateWorkflowExecutionLifecycleStage Wire(UpdateStage stage) {
  return stage == UpdateStage::kAccepted ? enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
                                         : enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;
}

absl::StatusOr<Payloads> OutcomeOf(const api::update::v1::Outcome& outcome) {
  if (!outcome.has_failure()) return outcome.success();
  const absl::Status failed = FromFailure(outcome.failure());
  if (outcome.failure().application_failure_info().type() != kWorkflowEndedFirst) return failed;
  absl::Status status(absl::StatusCode::kFailedPrecondition, failed.message());
  failed.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { status.SetPayload(url, payload); });
  return status;
}

// One wait on the server, within the time that is left.
CallOptions Patient(Duration left, std::stop_token stop) {
  CallOptions call(std::min(left, kLongPoll));
  call.long_poll = true;
  call.retry_for = left;
  call.stop = std::move(stop);
  return call;
}

service::UpdateWorkflowExecutionRequest UpdateRequest(const ClientOptions& client, const UpdateWorkflowInput& input) {
  auto request = client_internal::NewRequest<service::UpdateWorkflowExecutionRequest>(client);
  Fill(*request.mutable_workflow_execution(), input.execution);
  request.set_first_execution_run_id(input.options.first_run_id);
  request.mutable_wait_policy()->set_lifecycle_stage(Wire(input.options.wait_for));
  auto& meta = *request.mutable_request()->mutable_meta();
  meta.set_update_id(input.options.update_id.empty() ? NewUuid() : input.options.update_id);
  meta.set_identity(client.identity);
  auto& asked = *request.mutable_request()->mutable_input();
  asked.set_name(input.update);
  *asked.mutable_args() = input.input;
  if (!input.headers.empty()) client_internal::FillMap(*asked.mutable_header()->mutable_fields(), input.headers);
  return request;
}

// Repeats `ask`, which always names the same update, until that has come as far as wanted.
absl::StatusOr<UntypedUpdate> Ask(Client& client, const UpdateOptions& options,
                                  const std::function<absl::StatusOr<Response>(const CallOptions&)>& ask) {
  const auto until = Steady::now() + options.timeout;
  while (true) {
    Duration left = until - Steady::now();
    if (left <= Duration(0)) return absl::DeadlineExceededError("the update has not been accepted yet");
    const auto response = ask(Patient(left, {}));
    if (!response.ok()) {
      if (response.status().code() == absl::StatusCode::kDeadlineExceeded) continue;  // of this try only
      return response.status();
    }
    UntypedUpdate update;
    const auto& ref = response->update_ref();
    update.execution = Execution(ref.workflow_execution().workflow_id(), ref.workflow_execution().run_id());
    update.update_id = ref.update_id();
    if (response->has_outcome()) {
      update.outcome = OutcomeOf(response->outcome());
      return update;
    }
    if (response->stage() < Wire(UpdateStage::kAccepted)) continue;  // the server would not wait longer
    if (options.wait_for == UpdateStage::kAccepted) return update;
    left = std::max(until - Steady::now(), Steady::duration(0));
    auto result = client.GetUpdateResultUntyped(update, left);
    if (!result.ok() && !CarriedFailure(result.status(), nullptr)) return result.status();
    update.outcome = std::move(result);
    return update;
  }
}

}  // namespace

absl::StatusOr<UntypedUpdate> Client::UpdateUntyped(const Execution& execution, std::string_view name,
                                                    const Payloads& input, const UpdateOptions& options) {
  return Intercepted(options_.interceptors, &ClientInterceptor::Update,
                     {execution, std::string(name), input, {}, options},
                     [this](const UpdateWorkflowInput& update) -> absl::StatusOr<UntypedUpdate> {
                       const auto request = UpdateRequest(options_, update);
                       return Ask(*this, update.options, [&](const CallOptions& call) {
                         return Invoke<Response>(*transport_, "UpdateWorkflowExecution", request, call);
                       });
                     });
}

absl::StatusOr<std::pair<Started, UntypedUpdate>> Client::UpdateWithStartUntyped(
    std::string_view type, const Payloads& input, std::string_view update, const Payloads& update_input,
    const StartOptions& start, const UpdateOptions& options) {
  UpdateWithStartInput both{{std::string(type), input, start},
                            {Execution(start.id), std::string(update), update_input, {}, options}};
  StartOptions& running = both.start.options;
  if (running.conflict == IdConflictPolicy::kFail) running.conflict = IdConflictPolicy::kUseExisting;
  return Intercepted(options_.interceptors, &ClientInterceptor::UpdateWithStart, std::move(both),
                     [this](const UpdateWithStartInput& passed) { return AskWithStart(passed); });
}

ClientInterceptor::UpdateWithStartResult Client::AskWithStart(const UpdateWithStartInput& input) {
  auto start_request = client_internal::StartRequest(options_, input.start);
  if (!start_request.ok()) return start_request.status();
  service::ExecuteMultiOperationRequest request;
  request.set_namespace_(options_.name_space);
  request.set_resource_id(input.start.options.id);
  *request.add_operations()->mutable_start_workflow() = *std::move(start_request);
  *request.add_operations()->mutable_update_workflow() = UpdateRequest(options_, input.update);

  Started started;
  started.workflow_id = input.start.options.id;
  bool first = true;
  auto asked = Ask(*this, input.update.options, [&](const CallOptions& call) -> absl::StatusOr<Response> {
    auto response = Invoke<service::ExecuteMultiOperationResponse>(*transport_, "ExecuteMultiOperation", request, call);
    if (!response.ok()) return response.status();
    if (response->responses_size() != 2) return absl::InternalError("an answer without its two parts");
    started.run_id = response->responses(0).start_workflow().run_id();
    // A repeated call finds the workflow that the first one started.
    if (std::exchange(first, false)) started.started = response->responses(0).start_workflow().started();
    return std::move(*response->mutable_responses(1)->mutable_update_workflow());
  });
  if (!asked.ok()) return asked.status();
  return std::make_pair(std::move(started), *std::move(asked));
}

absl::StatusOr<Payloads> Client::GetUpdateResultUntyped(const UntypedUpdate& update, Duration timeout,
                                                        std::stop_token stop) {
  if (update.outcome) return *update.outcome;
  const auto until = Steady::now() + timeout;
  service::PollWorkflowExecutionUpdateRequest request;
  request.set_namespace_(options_.name_space);
  request.set_identity(options_.identity);
  Fill(*request.mutable_update_ref()->mutable_workflow_execution(), update.execution);
  request.mutable_update_ref()->set_update_id(update.update_id);
  request.mutable_wait_policy()->set_lifecycle_stage(Wire(UpdateStage::kCompleted));
  while (true) {
    const Duration left = until - Steady::now();
    if (left <= Duration(0)) return absl::DeadlineExceededError("the update is still under way");
    auto response = Invoke<service::PollWorkflowExecutionUpdateResponse>(*transport_, "PollWorkflowExecutionUpdate",
                                                                         request, Patient(left, stop));
    if (!response.ok()) {
      if (response.status().code() == absl::StatusCode::kDeadlineExceeded) continue;  // of this poll only
      return response.status();
    }
    if (response->has_outcome()) return OutcomeOf(response->outcome());
  }
}

}  // namespace temporal
