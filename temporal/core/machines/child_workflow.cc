#include "temporal/core/machines/child_workflow.h"

#include <utility>

namespace temporal::core {

namespace enums = api::enums::v1;
using State = ChildWorkflowMachine::State;

namespace {
constexpr Transition<State> kTransitions[] = {
    {State::kCreated, enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED, State::kInitiated},
    {State::kCreated, kCancelInput, State::kDropped},

    // A cancellation is asked of the child by another machine, and does not move this one.
    {State::kInitiated, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED, State::kStarted},
    {State::kInitiated, enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED, State::kEnded},
    {State::kInitiated, kCancelInput, State::kInitiated},

    {State::kStarted, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED, State::kEnded},
    {State::kStarted, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED, State::kEnded},
    {State::kStarted, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT, State::kEnded},
    {State::kStarted, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED, State::kEnded},
    {State::kStarted, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED, State::kEnded},
    {State::kStarted, kCancelInput, State::kStarted},
};

FailureMessage StartFailure(enums::StartChildWorkflowExecutionFailedCause cause) {
  FailureMessage failure;
  auto& info = *failure.mutable_application_failure_info();
  info.set_non_retryable(true);
  if (cause == enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS) {
    failure.set_message("a workflow of that id is running already");
    info.set_type("WorkflowAlreadyStarted");
  } else {
    failure.set_message("the child could not be started: " + enums::StartChildWorkflowExecutionFailedCause_Name(cause));
    info.set_type("ChildWorkflowStartFailed");
  }
  return failure;
}

}  // namespace

absl::Status ChildWorkflowMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  if (!Advance(kTransitions, state_, event.event_type())) return Unexpected("a child workflow", event);
  switch (event.event_type()) {
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: {
      const auto& initiated = event.start_child_workflow_execution_initiated_event_attributes();
      initiated_event_id_ = event.event_id();
      if (!sink.ChecksIds()) break;
      if (initiated.workflow_id() != workflow_id_) {
        return Differs("child workflow id", workflow_id_, initiated.workflow_id(), event);
      }
      if (initiated.workflow_type().name() != type_) {
        return Differs("child workflow type", type_, initiated.workflow_type().name(), event);
      }
      break;
    }
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
      started_event_id_ = event.event_id();
      run_id_ = event.child_workflow_execution_started_event_attributes().workflow_execution().run_id();
      if (!resolved_) sink.PushJob(ChildStartJob{seq_, run_id_});
      if (ask_again_) AskToCancel(sink);
      break;
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
      if (resolved_) break;
      resolved_ = true;
      sink.PushJob(
          ChildStartJob{seq_, Wrap("Child Workflow execution failed to start",
                                   StartFailure(event.start_child_workflow_execution_failed_event_attributes().cause()),
                                   enums::RETRY_STATE_NON_RETRYABLE_FAILURE)});
      break;
    default:
      if (!resolved_) Ended(event, sink);
  }
  return absl::OkStatus();
}

void ChildWorkflowMachine::Ended(const HistoryEvent& event, MachineSink& sink) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED: {
      const auto& result = event.child_workflow_execution_completed_event_attributes().result();
      resolved_ = true;
      sink.PushJob(ChildJob{seq_, result.payloads_size() > 0 ? result.payloads(0) : api::common::v1::Payload()});
      return;
    }
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED: {
      const auto& failed = event.child_workflow_execution_failed_event_attributes();
      return Resolve(Wrap("Child Workflow execution failed", failed.failure(), failed.retry_state()), sink);
    }
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT: {
      FailureMessage cause;
      cause.set_message("Timed out");
      cause.mutable_timeout_failure_info()->set_timeout_type(enums::TIMEOUT_TYPE_START_TO_CLOSE);
      return Resolve(Wrap("Child Workflow execution timed out", std::move(cause),
                          event.child_workflow_execution_timed_out_event_attributes().retry_state()),
                     sink);
    }
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED: {
      FailureMessage cause;
      cause.set_message("Terminated");
      cause.mutable_terminated_failure_info();
      return Resolve(
          Wrap("Child Workflow execution terminated", std::move(cause), enums::RETRY_STATE_NON_RETRYABLE_FAILURE),
          sink);
    }
    default:
      return Resolve(Cancelled("Child Workflow execution cancelled"), sink);
  }
}

void ChildWorkflowMachine::Cancel(const std::string& reason, MachineSink& sink) {
  if (cancel_requested_ || resolved_ || !Advance(kTransitions, state_, kCancelInput)) return;
  cancel_requested_ = true;
  if (state_ == State::kDropped) {
    resolved_ = true;
    sink.PushJob(ChildStartJob{seq_, Cancelled("Child Workflow execution cancelled before it was scheduled")});
    return;
  }
  cancel_reason_ = reason;
  if (cancellation_ != ChildCancellation::kAbandon) AskToCancel(sink);
  if (cancellation_ == ChildCancellation::kAbandon || cancellation_ == ChildCancellation::kTryCancel) {
    Resolve(Cancelled("Child Workflow execution cancelled"), sink);
  }
}

// By id alone: the child may have continued as another run.
void ChildWorkflowMachine::AskToCancel(MachineSink& sink) {
  api::command::v1::Command command;
  command.set_command_type(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_request_cancel_external_workflow_execution_command_attributes();
  attributes.set_workflow_id(workflow_id_);
  attributes.set_child_workflow_only(true);
  attributes.set_reason(cancel_reason_);
  const bool early = state_ == State::kInitiated;
  sink.IssueCancelExternal(std::move(command), [self = weak_from_this(), this, &sink, early](bool delivered) {
    if (self.expired() || done()) return;
    if (!delivered) {
      ask_again_ = early;
      if (ask_again_ && state_ == State::kStarted) AskToCancel(sink);
    } else if (cancellation_ == ChildCancellation::kWaitRequested && !resolved_) {
      Resolve(Cancelled("Child Workflow execution cancellation requested"), sink);
    }
  });
}

void ChildWorkflowMachine::Resolve(FailureMessage failure, MachineSink& sink) {
  resolved_ = true;
  sink.PushJob(ChildJob{seq_, std::move(failure)});
}

FailureMessage ChildWorkflowMachine::Wrap(std::string message, FailureMessage cause, int retry_state) const {
  FailureMessage failure;
  failure.set_message(std::move(message));
  *failure.mutable_cause() = std::move(cause);
  auto& info = *failure.mutable_child_workflow_execution_failure_info();
  info.set_namespace_(namespace_);
  info.mutable_workflow_execution()->set_workflow_id(workflow_id_);
  info.mutable_workflow_execution()->set_run_id(run_id_);
  info.mutable_workflow_type()->set_name(type_);
  info.set_initiated_event_id(initiated_event_id_);
  info.set_started_event_id(started_event_id_);
  info.set_retry_state(static_cast<enums::RetryState>(retry_state));
  return failure;
}

FailureMessage ChildWorkflowMachine::Cancelled(std::string message) const {
  FailureMessage cause;
  cause.set_message("cancelled");
  cause.mutable_canceled_failure_info();
  return Wrap(std::move(message), std::move(cause), enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
}

}  // namespace temporal::core
