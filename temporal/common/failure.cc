#include "temporal/common/failure.h"

#include "absl/strings/cord.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/common/proto.h"
#include "temporal/common/strings.h"

namespace temporal {
namespace {

using api::failure::v1::Failure;

// Also known to converter/failure_converter.cc.
constexpr char kFailureUrl[] = "type.googleapis.com/temporal.api.failure.v1.Failure";

std::optional<Failure> Carried(const absl::Status& status) {
  const auto payload = status.GetPayload(kFailureUrl);
  Failure failure;
  if (!payload.has_value() || !failure.ParseFromString(std::string(*payload))) return std::nullopt;
  return failure;
}

const Failure* InnermostApplicationFailure(const Failure& failure) {
  const Failure* found = nullptr;
  for (const Failure* f = &failure; f != nullptr; f = f->has_cause() ? &f->cause() : nullptr) {
    if (f->has_application_failure_info()) found = f;
  }
  return found;
}

}  // namespace

bool IsRetryable(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
      return true;
    default:
      return false;
  }
}

absl::Status ApplicationError(absl::StatusCode code, std::string_view message, const FailureAttributes& attributes) {
  Failure failure;
  failure.set_message(ValidUtf8(message));
  failure.set_source("CppSDK");
  auto& info = *failure.mutable_application_failure_info();
  info.set_type(attributes.type.empty() ? absl::StatusCodeToString(code) : attributes.type);
  info.set_non_retryable(attributes.non_retryable);
  if (attributes.next_retry_delay) *info.mutable_next_retry_delay() = ToProto(*attributes.next_retry_delay);
  absl::Status status(code, ToAbsl(message));
  // Not from a std::string&&: gcc and clang mangle that constructor differently.
  status.SetPayload(kFailureUrl, absl::Cord(ToAbsl(failure.SerializeAsString())));
  return status;
}

FailureAttributes AttributesOf(const absl::Status& status) {
  FailureAttributes attributes;
  if (const auto failure = Carried(status)) {
    if (const Failure* application = InnermostApplicationFailure(*failure)) {
      const auto& info = application->application_failure_info();
      attributes.type = info.type();
      attributes.non_retryable = info.non_retryable();
      if (info.has_next_retry_delay()) attributes.next_retry_delay = FromProto(info.next_retry_delay());
      return attributes;
    }
  }
  attributes.type = absl::StatusCodeToString(status.code());
  attributes.non_retryable = !IsRetryable(status.code());
  return attributes;
}

std::string FailureType(const absl::Status& status) {
  const auto failure = Carried(status);
  if (!failure) return {};
  const Failure* application = InnermostApplicationFailure(*failure);
  return application == nullptr ? std::string() : application->application_failure_info().type();
}

}  // namespace temporal
