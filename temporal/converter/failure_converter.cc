#include "temporal/converter/failure_converter.h"

#include "absl/strings/cord.h"
#include "nlohmann/json.hpp"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/common/proto.h"
#include "temporal/common/strings.h"
#include "temporal/converter/payload.h"

namespace temporal {
namespace {

constexpr char kFailureUrl[] = "type.googleapis.com/temporal.api.failure.v1.Failure";
constexpr char kHidden[] = "Encoded failure";

absl::StatusCode CodeNamed(const std::string& type) {
  for (int code = 1; code <= 16; ++code) {
    if (type == absl::StatusCodeToString(static_cast<absl::StatusCode>(code)))
      return static_cast<absl::StatusCode>(code);
  }
  return absl::StatusCode::kUnknown;
}

absl::StatusCode CodeOf(const Failure& failure) {
  switch (failure.failure_info_case()) {
    case Failure::kApplicationFailureInfo:
      return CodeNamed(failure.application_failure_info().type());
    case Failure::kTimeoutFailureInfo:
      return absl::StatusCode::kDeadlineExceeded;
    case Failure::kCanceledFailureInfo:
      return absl::StatusCode::kCancelled;
    case Failure::kTerminatedFailureInfo:
      return absl::StatusCode::kAborted;
    case Failure::kServerFailureInfo:
      return absl::StatusCode::kInternal;
    default:
      return failure.has_cause() ? CodeOf(failure.cause()) : absl::StatusCode::kUnknown;
  }
}

}  // namespace

Failure ToFailure(const absl::Status& status, const FailureHook& hook, bool as_cancelled) {
  Failure failure;
  if (as_cancelled && status.code() == absl::StatusCode::kCancelled) {
    if (CarriedFailure(status, &failure) && failure.has_canceled_failure_info()) return failure;
    failure.Clear();
    failure.set_message(ValidUtf8(ToStd(status.message())));
    failure.set_source("CppSDK");
    failure.mutable_canceled_failure_info();
    return failure;
  }
  if (CarriedFailure(status, &failure)) return failure;
  FailureAttributes attributes = AttributesOf(status);
  if (hook) hook(status, attributes);
  CarriedFailure(ApplicationError(status.code(), ToStd(status.message()), attributes), &failure);
  return failure;
}

absl::Status FromFailure(const Failure& failure) {
  Failure shown = failure;
  DecodeAttributes(shown);
  const Failure* innermost = &shown;
  while (innermost->has_cause()) innermost = &innermost->cause();
  absl::Status status(CodeOf(shown), innermost->message());
  status.SetPayload(kFailureUrl, absl::Cord(ToAbsl(shown.SerializeAsString())));
  return status;
}

bool CarriedFailure(const absl::Status& status, Failure* failure) {
  const auto payload = status.GetPayload(kFailureUrl);
  if (!payload.has_value()) return false;
  return failure == nullptr || failure->ParseFromString(std::string(*payload));
}

void EncodeAttributes(Failure& failure) {
  if (!failure.has_encoded_attributes()) {
    using Json = nlohmann::json;
    const Json hidden = {{"message", failure.message()}, {"stack_trace", failure.stack_trace()}};
    *failure.mutable_encoded_attributes() =
        converter_internal::JsonPayload(hidden.dump(-1, ' ', false, Json::error_handler_t::replace));
    failure.set_message(kHidden);
    failure.clear_stack_trace();
  }
  if (failure.has_cause()) EncodeAttributes(*failure.mutable_cause());
}

void DecodeAttributes(Failure& failure) {
  if (failure.has_encoded_attributes()) {
    const auto text = converter_internal::JsonText(failure.encoded_attributes());
    const auto shown = nlohmann::json::parse(text.ok() ? *text : "", nullptr, /*allow_exceptions=*/false);
    // Anything else than texts is somebody else's.
    const auto text_at = [&](const char* key) {
      const auto found = shown.find(key);
      return found != shown.end() && found->is_string() ? found->get_ptr<const std::string*>() : nullptr;
    };
    if (shown.is_object() && text_at("message") != nullptr) {
      failure.set_message(*text_at("message"));
      if (const std::string* trace = text_at("stack_trace")) failure.set_stack_trace(*trace);
      failure.clear_encoded_attributes();
    }
  }
  if (failure.has_cause()) DecodeAttributes(*failure.mutable_cause());
}

}  // namespace temporal
