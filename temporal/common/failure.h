#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>

// Exceptions that carry a Temporal failure. One class per kind of the wire's `Failure` message, so that nothing is lost
// when a failure passes through this process; `temporal/converter` translates both ways.

namespace temporal::api::common::v1 {
class Payloads;
}

namespace temporal {

// Opaque arguments of a failure; null when there are none.
using FailureDetails = std::shared_ptr<const api::common::v1::Payloads>;

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
  kHeartbeat = 4,
};

// Base of all of them. Immutable, hence safe to share between threads.
class Failure : public std::exception {
 public:
  explicit Failure(std::string message, std::shared_ptr<const Failure> cause = nullptr);
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const { return message_; }
  // The failure that led to this one, or null.
  const std::shared_ptr<const Failure>& cause() const { return cause_; }
  // The innermost cause, or this failure itself.
  const Failure& Root() const;
  // Name of the SDK that made the failure and its stack trace, both may be empty.
  const std::string& source() const { return source_; }
  const std::string& stack_trace() const { return stack_trace_; }
  void SetOrigin(std::string source, std::string stack_trace);

 private:
  std::string message_;
  std::shared_ptr<const Failure> cause_;
  std::string source_;
  std::string stack_trace_;
};

// Thrown by user code, in workflows and activities, to fail with a type that callers can tell apart. Thrown out of a
// workflow it fails the workflow; any other escaping exception fails only the workflow task.
class ApplicationFailure : public Failure {
 public:
  explicit ApplicationFailure(std::string message, std::string type = {}, bool non_retryable = false,
                              FailureDetails details = nullptr, std::shared_ptr<const Failure> cause = nullptr);
  const std::string& type() const { return type_; }
  bool non_retryable() const { return non_retryable_; }
  const FailureDetails& details() const { return details_; }
  // Replaces the retry policy's next interval when set.
  std::optional<std::chrono::nanoseconds> next_retry_delay() const { return next_retry_delay_; }
  void set_next_retry_delay(std::chrono::nanoseconds delay) { next_retry_delay_ = delay; }

 private:
  std::string type_;
  bool non_retryable_;
  FailureDetails details_;
  std::optional<std::chrono::nanoseconds> next_retry_delay_;
};

// The operation was cancelled. Escaping from a workflow whose cancellation was requested it closes it as cancelled.
class CancelledError : public Failure {
 public:
  explicit CancelledError(std::string message = "cancelled", FailureDetails details = nullptr,
                          std::shared_ptr<const Failure> cause = nullptr);
  const FailureDetails& details() const { return details_; }

 private:
  FailureDetails details_;
};

class TimeoutError : public Failure {
 public:
  TimeoutError(std::string message, TimeoutType type, FailureDetails last_heartbeat = nullptr,
               std::shared_ptr<const Failure> cause = nullptr);
  TimeoutType type() const { return type_; }
  const FailureDetails& last_heartbeat() const { return last_heartbeat_; }

 private:
  TimeoutType type_;
  FailureDetails last_heartbeat_;
};

class TerminatedError : public Failure {
 public:
  using Failure::Failure;
};

// The server itself failed an operation.
class ServerFailure : public Failure {
 public:
  ServerFailure(std::string message, bool non_retryable, std::shared_ptr<const Failure> cause = nullptr);
  bool non_retryable() const { return non_retryable_; }

 private:
  bool non_retryable_;
};

// What the server knows of a failed activity.
struct ActivityFailureInfo {
  ActivityFailureInfo() {}
  std::string activity_type;
  std::string activity_id;
  std::string identity;
  int64_t scheduled_event_id = 0;
  int64_t started_event_id = 0;
  RetryState retry_state = RetryState::kUnspecified;
};

// A workflow awaited an activity that failed; `cause()` says how.
class ActivityError : public Failure {
 public:
  ActivityError(std::string message, ActivityFailureInfo info, std::shared_ptr<const Failure> cause);
  const std::string& activity_type() const { return info_.activity_type; }
  const std::string& activity_id() const { return info_.activity_id; }
  RetryState retry_state() const { return info_.retry_state; }
  const ActivityFailureInfo& info() const { return info_; }

 private:
  ActivityFailureInfo info_;
};

// What the server knows of a failed child workflow.
struct ChildWorkflowFailureInfo {
  ChildWorkflowFailureInfo() {}
  std::string namespace_name;
  std::string workflow_id;
  std::string run_id;
  std::string workflow_type;
  int64_t initiated_event_id = 0;
  int64_t started_event_id = 0;
  RetryState retry_state = RetryState::kUnspecified;
};

// A workflow awaited a child workflow that failed; `cause()` says how.
class ChildWorkflowError : public Failure {
 public:
  ChildWorkflowError(std::string message, ChildWorkflowFailureInfo info, std::shared_ptr<const Failure> cause);
  const std::string& workflow_type() const { return info_.workflow_type; }
  const std::string& workflow_id() const { return info_.workflow_id; }
  RetryState retry_state() const { return info_.retry_state; }
  const ChildWorkflowFailureInfo& info() const { return info_; }

 private:
  ChildWorkflowFailureInfo info_;
};

// True when `failure` is a cancellation, directly or as the cause of a failed activity or child workflow.
bool IsCancellation(const Failure& failure);

}  // namespace temporal
