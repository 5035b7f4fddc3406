#include "temporal/transport/retry.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "google/protobuf/message.h"
#include "temporal/common/strings.h"

namespace temporal {

constexpr char kNoSuchExecution[] = "type.googleapis.com/temporal.api.errordetails.v1.NotFoundFailure";
constexpr char kTlsFailure[] = "temporal/tls-failure";
constexpr char kTooLarge[] = "the request is larger than the server takes";

absl::Status TooLarge() { return absl::InvalidArgumentError(kTooLarge); }
bool IsTooLarge(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument && status.message() == kTooLarge;
}

absl::Status NoSuchExecution(std::string_view message) {
  absl::Status status = absl::NotFoundError(ToAbsl(message));
  status.SetPayload(kNoSuchExecution, absl::Cord());
  return status;
}
bool IsNoSuchExecution(const absl::Status& status) { return status.GetPayload(kNoSuchExecution).has_value(); }

absl::Status TlsFailure(std::string_view message) {
  absl::Status status = absl::UnavailableError(ToAbsl(message));
  status.SetPayload(kTlsFailure, absl::Cord());
  return status;
}
bool IsTlsFailure(const absl::Status& status) { return status.GetPayload(kTlsFailure).has_value(); }

bool WaitFor(Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

Duration Backoff::Next() {
  thread_local std::minstd_rand random{std::random_device{}()};
  const Duration pause = next_;
  next_ = std::min(maximum_, Duration(static_cast<Duration::rep>(static_cast<double>(next_.count()) * 1.7)));
  std::uniform_real_distribution<double> jitter(0.8, 1.2);
  return Duration(static_cast<Duration::rep>(static_cast<double>(pause.count()) * jitter(random)));
}

bool IsTransient(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

RetryingTransport::RetryingTransport(std::shared_ptr<Transport> below, Wait wait)
    : below_(std::move(below)), wait_(std::move(wait)) {}

absl::Status RetryingTransport::Call(std::string_view method, const google::protobuf::Message& request,
                                     google::protobuf::Message& response, const CallOptions& options) {
  Backoff backoff;
  Backoff overloaded(std::chrono::seconds(1), std::chrono::seconds(10));
  const auto give_up = std::chrono::steady_clock::now() + options.retry_for;
  while (true) {
    const absl::Status status = below_->Call(method, request, response, options);
    // A try that took too long may be followed by another, within the time for all; a long poll just was empty.
    const bool slow = status.code() == absl::StatusCode::kDeadlineExceeded && !options.long_poll;
    if (status.ok() || !(slow || IsTransient(status.code())) || IsTlsFailure(status)) return status;
    const Duration pause = status.code() == absl::StatusCode::kResourceExhausted ? overloaded.Next() : backoff.Next();
    if (std::chrono::steady_clock::now() + pause > give_up || !wait_(pause, options.stop)) return status;
    response.Clear();
  }
}

}  // namespace temporal
