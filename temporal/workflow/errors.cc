#include "temporal/workflow/errors.h"

#include <utility>

#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/converter/failure_converter.h"

namespace temporal {

namespace {

using FailureMessage = api::failure::v1::Failure;

FailureMessage MakeApplicationFailure(std::string_view message, std::string_view type, bool non_retryable) {
  FailureMessage failure;
  failure.set_message(std::string(message));
  auto& info = *failure.mutable_application_failure_info();
  info.set_type(std::string(type));
  info.set_non_retryable(non_retryable);
  return failure;
}

FailureMessage MakeCancelled(std::string_view message) {
  FailureMessage failure;
  failure.set_message(message.empty() ? "cancelled" : std::string(message));
  failure.mutable_canceled_failure_info();
  return failure;
}

// Calls `use` with an exception of the class that fits.
template <class Use>
auto WithClass(FailureMessage failure, Use use) {
  switch (failure.failure_info_case()) {
    case FailureMessage::kApplicationFailureInfo:
    case FailureMessage::kResetWorkflowFailureInfo:
      return use(ApplicationFailure(std::move(failure)));
    case FailureMessage::kTimeoutFailureInfo:
      return use(TimeoutError(std::move(failure)));
    case FailureMessage::kCanceledFailureInfo:
      return use(CancelledError(std::move(failure)));
    case FailureMessage::kTerminatedFailureInfo:
      return use(TerminatedError(std::move(failure)));
    case FailureMessage::kServerFailureInfo:
      return use(ServerFailure(std::move(failure)));
    case FailureMessage::kActivityFailureInfo:
      return use(ActivityError(std::move(failure)));
    case FailureMessage::kChildWorkflowExecutionFailureInfo:
      return use(ChildWorkflowError(std::move(failure)));
    default:
      return use(WorkflowFailure(std::move(failure)));
  }
}

bool IsCancellationMessage(const FailureMessage& failure) {
  if (failure.has_canceled_failure_info()) return true;
  const bool wraps = failure.has_activity_failure_info() || failure.has_child_workflow_execution_failure_info();
  return wraps && failure.has_cause() && IsCancellationMessage(failure.cause());
}

}  // namespace

WorkflowFailure::WorkflowFailure(FailureMessage failure) {
  DecodeAttributes(failure);
  failure_ = std::make_shared<const FailureMessage>(std::move(failure));
}

const char* WorkflowFailure::what() const noexcept { return failure_->message().c_str(); }

std::string_view WorkflowFailure::message() const { return failure_->message(); }

bool WorkflowFailure::has_cause() const { return failure_->has_cause(); }

std::shared_ptr<const WorkflowFailure> WorkflowFailure::cause() const {
  if (!has_cause()) return nullptr;
  return WithClass(failure_->cause(), [](auto failure) -> std::shared_ptr<const WorkflowFailure> {
    return std::make_shared<const decltype(failure)>(std::move(failure));
  });
}

absl::Status WorkflowFailure::status() const { return FromFailure(*failure_); }

std::string WorkflowFailure::type() const {
  std::string type;
  for (const FailureMessage* at = failure_.get();; at = &at->cause()) {
    if (at->has_application_failure_info()) type = at->application_failure_info().type();
    if (!at->has_cause()) return type;
  }
}

ApplicationFailure::ApplicationFailure(std::string_view message, std::string_view type, bool non_retryable)
    : WorkflowFailure(MakeApplicationFailure(message, type, non_retryable)) {}

ApplicationFailure::ApplicationFailure(const absl::Status& status) : WorkflowFailure(ToFailure(status)) {}

ApplicationFailure::ApplicationFailure(FailureMessage failure) : WorkflowFailure(std::move(failure)) {}

bool ApplicationFailure::non_retryable() const { return failure().application_failure_info().non_retryable(); }

CancelledError::CancelledError(std::string_view message) : WorkflowFailure(MakeCancelled(message)) {}

CancelledError::CancelledError(FailureMessage failure) : WorkflowFailure(std::move(failure)) {}

TimeoutType TimeoutError::timeout_type() const {
  return static_cast<TimeoutType>(failure().timeout_failure_info().timeout_type());
}

bool ServerFailure::non_retryable() const { return failure().server_failure_info().non_retryable(); }

std::string ActivityError::activity_type() const { return failure().activity_failure_info().activity_type().name(); }

std::string ActivityError::activity_id() const { return failure().activity_failure_info().activity_id(); }

RetryState ActivityError::retry_state() const {
  return static_cast<RetryState>(failure().activity_failure_info().retry_state());
}

std::string ChildWorkflowError::workflow_type() const {
  return failure().child_workflow_execution_failure_info().workflow_type().name();
}

std::string ChildWorkflowError::workflow_id() const {
  return failure().child_workflow_execution_failure_info().workflow_execution().workflow_id();
}

std::string ChildWorkflowError::run_id() const {
  return failure().child_workflow_execution_failure_info().workflow_execution().run_id();
}

RetryState ChildWorkflowError::retry_state() const {
  return static_cast<RetryState>(failure().child_workflow_execution_failure_info().retry_state());
}

bool IsCancellation(const WorkflowFailure& failure) { return IsCancellationMessage(failure.failure()); }

std::exception_ptr ToException(FailureMessage failure) {
  return WithClass(std::move(failure), [](auto exception) { return std::make_exception_ptr(std::move(exception)); });
}

}  // namespace temporal
