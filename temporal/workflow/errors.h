#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "temporal/common/time.h"

// What `co_await` of a failed step throws, and what a workflow throws to fail. Each wraps the wire's Failure message,
// so nothing is lost on the way through; `status()` is the same failure as an absl::Status
// (converter/failure_converter.h).
namespace temporal::api::failure::v1 {
class Failure;
}

namespace temporal {

// Why the server will not retry (any more). The numbers are the wire's.
enum class RetryState {
  kUnspecified = 0,
  kInProgress = 1,
  kNonRetryableFailure = 2,
  kTimeout = 3,
  kMaximumAttemptsReached = 4,
  kRetryPolicyNotSet = 5,
  kInternalServerError = 6,
  kCancelRequested = 7,
};

// Which of the timeouts ran out. The numbers are the wire's.
enum class TimeoutType {
  kUnspecified = 0,
  kStartToClose = 1,
  kScheduleToStart = 2,
  kScheduleToClose = 3,
  kHeartbeat = 4
};

// Base of all. Immutable. Thrown out of a workflow, any of these fails the workflow (a CancelledError after a
// cancellation was requested closes it as cancelled); every other exception fails the workflow task, which the server
// then repeats until the code is mended.
class WorkflowFailure : public std::exception {
 public:
  explicit WorkflowFailure(api::failure::v1::Failure failure);
  const char* what() const noexcept override;
  std::string_view message() const;
  const api::failure::v1::Failure& failure() const { return *failure_; }
  bool has_cause() const;
  // The failure that led to this one, as the class that fits it; null if there is none.
  std::shared_ptr<const WorkflowFailure> cause() const;
  // The innermost cause's code and message; carries the whole failure.
  absl::Status status() const;
  // `type` of the innermost application failure ("NOT_FOUND", "capacity_exhausted"), or empty.
  std::string type() const;

 private:
  std::shared_ptr<const api::failure::v1::Failure> failure_;
};

// A failure with a type that callers can tell apart. `non_retryable`: no retry policy tries again.
class ApplicationFailure : public WorkflowFailure {
 public:
  explicit ApplicationFailure(std::string_view message, std::string_view type = {}, bool non_retryable = false);
  // Type and retryability as the table of common/failure.h has them for the status.
  explicit ApplicationFailure(const absl::Status& status);
  explicit ApplicationFailure(api::failure::v1::Failure failure);
  bool non_retryable() const;
};

// The step's scope, or the workflow, was cancelled.
class CancelledError : public WorkflowFailure {
 public:
  explicit CancelledError(std::string_view message = "cancelled");
  explicit CancelledError(api::failure::v1::Failure failure);
};

class TimeoutError : public WorkflowFailure {
 public:
  using WorkflowFailure::WorkflowFailure;
  TimeoutType timeout_type() const;
};

class TerminatedError : public WorkflowFailure {
 public:
  using WorkflowFailure::WorkflowFailure;
};

class ServerFailure : public WorkflowFailure {
 public:
  using WorkflowFailure::WorkflowFailure;
  bool non_retryable() const;
};

// An activity failed for good; `cause()` says how: ApplicationFailure, TimeoutError, CancelledError...
class ActivityError : public WorkflowFailure {
 public:
  using WorkflowFailure::WorkflowFailure;
  std::string activity_type() const;
  std::string activity_id() const;
  RetryState retry_state() const;
};

// A child workflow failed, timed out, was cancelled or terminated; `cause()` says how.
class ChildWorkflowError : public WorkflowFailure {
 public:
  using WorkflowFailure::WorkflowFailure;
  std::string workflow_type() const;
  std::string workflow_id() const;
  std::string run_id() const;
  RetryState retry_state() const;
};

// True if the failure is a cancellation, directly or as what ended an activity or a child workflow.
bool IsCancellation(const WorkflowFailure& failure);

// The exception of the class that fits `failure`, ready to be rethrown.
std::exception_ptr ToException(api::failure::v1::Failure failure);

}  // namespace temporal
