#include "temporal/common/failure.h"

#include <utility>

namespace temporal {

Failure::Failure(std::string message, std::shared_ptr<const Failure> cause)
    : message_(std::move(message)), cause_(std::move(cause)) {}

const Failure& Failure::Root() const {
  const Failure* failure = this;
  while (failure->cause_ != nullptr) failure = failure->cause_.get();
  return *failure;
}

void Failure::SetOrigin(std::string source, std::string stack_trace) {
  source_ = std::move(source);
  stack_trace_ = std::move(stack_trace);
}

ApplicationFailure::ApplicationFailure(std::string message, std::string type, bool non_retryable,
                                       FailureDetails details, std::shared_ptr<const Failure> cause)
    : Failure(std::move(message), std::move(cause)),
      type_(std::move(type)),
      non_retryable_(non_retryable),
      details_(std::move(details)) {}

CancelledError::CancelledError(std::string message, FailureDetails details, std::shared_ptr<const Failure> cause)
    : Failure(std::move(message), std::move(cause)), details_(std::move(details)) {}

TimeoutError::TimeoutError(std::string message, TimeoutType type, FailureDetails last_heartbeat,
                           std::shared_ptr<const Failure> cause)
    : Failure(std::move(message), std::move(cause)), type_(type), last_heartbeat_(std::move(last_heartbeat)) {}

ServerFailure::ServerFailure(std::string message, bool non_retryable, std::shared_ptr<const Failure> cause)
    : Failure(std::move(message), std::move(cause)), non_retryable_(non_retryable) {}

ActivityError::ActivityError(std::string message, ActivityFailureInfo info, std::shared_ptr<const Failure> cause)
    : Failure(std::move(message), std::move(cause)), info_(std::move(info)) {}

ChildWorkflowError::ChildWorkflowError(std::string message, ChildWorkflowFailureInfo info,
                                       std::shared_ptr<const Failure> cause)
    : Failure(std::move(message), std::move(cause)), info_(std::move(info)) {}

bool IsCancellation(const Failure& failure) {
  if (dynamic_cast<const CancelledError*>(&failure) != nullptr) return true;
  const bool wraps = dynamic_cast<const ActivityError*>(&failure) != nullptr ||
                     dynamic_cast<const ChildWorkflowError*>(&failure) != nullptr;
  return wraps && failure.cause() != nullptr && IsCancellation(*failure.cause());
}

}  // namespace temporal
