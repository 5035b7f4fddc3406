#include "temporal/core/machines/external.h"

#include <utility>

namespace temporal::core {

namespace enums = api::enums::v1;

namespace {

using SignalState = SignalExternalMachine::State;
constexpr Transition<SignalState> kSignalTransitions[] = {
    {SignalState::kCreated, enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED, SignalState::kInitiated},
    {SignalState::kCreated, kCancelInput, SignalState::kDropped},
    {SignalState::kInitiated, enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED, SignalState::kEnded},
    {SignalState::kInitiated, enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED, SignalState::kEnded},
};

using CancelState = CancelExternalMachine::State;
constexpr Transition<CancelState> kCancelTransitions[] = {
    {CancelState::kCreated, enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED,
     CancelState::kInitiated},
    {CancelState::kInitiated, enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED, CancelState::kEnded},
    {CancelState::kInitiated, enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED, CancelState::kEnded},
};

FailureMessage NotDelivered(std::string message, std::string type) {
  FailureMessage failure;
  failure.set_message(std::move(message));
  failure.mutable_application_failure_info()->set_type(std::move(type));
  failure.mutable_application_failure_info()->set_non_retryable(true);
  return failure;
}

FailureMessage SignalFailure(enums::SignalExternalWorkflowExecutionFailedCause cause) {
  switch (cause) {
    case enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_SIGNAL_COUNT_LIMIT_EXCEEDED:
      return NotDelivered("Unable to signal external workflow because it has received too many", "SignalLimitExceeded");
    case enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_NAMESPACE_NOT_FOUND:
      return NotDelivered("Unable to signal external workflow because its namespace was not found",
                          "NamespaceNotFound");
    default:
      return NotDelivered("Unable to signal external workflow because it was not found", "ExternalWorkflowNotFound");
  }
}

}  // namespace

absl::Status SignalExternalMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  if (!Advance(kSignalTransitions, state_, event.event_type())) return Unexpected("a signal to a workflow", event);
  if (state_ != State::kEnded) return absl::OkStatus();
  SignalExternalJob job{seq_, std::nullopt};
  if (event.has_signal_external_workflow_execution_failed_event_attributes()) {
    job.failure = SignalFailure(event.signal_external_workflow_execution_failed_event_attributes().cause());
  }
  sink.PushJob(std::move(job));
  return absl::OkStatus();
}

void SignalExternalMachine::Cancel(MachineSink& sink) {
  if (!Advance(kSignalTransitions, state_, kCancelInput)) return;
  FailureMessage failure;
  failure.set_message("Signal was cancelled before being sent");
  failure.mutable_canceled_failure_info();
  sink.PushJob(SignalExternalJob{seq_, std::move(failure)});
}

absl::Status CancelExternalMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  if (!Advance(kCancelTransitions, state_, event.event_type())) {
    return Unexpected("a cancellation request to a workflow", event);
  }
  if (state_ != State::kEnded) return absl::OkStatus();
  const bool failed = event.has_request_cancel_external_workflow_execution_failed_event_attributes();
  if (seq_ == 0) {
    answered_(!failed);
    return absl::OkStatus();
  }
  CancelExternalJob job{seq_, std::nullopt};
  if (failed) {
    job.failure =
        NotDelivered("Unable to cancel external workflow because it was not found", "ExternalWorkflowNotFound");
  }
  sink.PushJob(std::move(job));
  return absl::OkStatus();
}

}  // namespace temporal::core
