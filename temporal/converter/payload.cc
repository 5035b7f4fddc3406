#include "temporal/converter/payload.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"

namespace temporal::converter_internal {
namespace {

constexpr char kEncoding[] = "encoding";
constexpr char kNull[] = "binary/null";
constexpr char kPlain[] = "binary/plain";
constexpr char kJson[] = "json/plain";
constexpr char kJsonProto[] = "json/protobuf";
constexpr char kBinaryProto[] = "binary/protobuf";

Payload Encoded(const char* encoding, std::string data) {
  Payload payload;
  (*payload.mutable_metadata())[kEncoding] = encoding;
  payload.set_data(std::move(data));
  return payload;
}

std::string EncodingOf(const Payload& payload) {
  const auto found = payload.metadata().find(kEncoding);
  return found == payload.metadata().end() ? std::string() : found->second;
}

absl::Status Mismatch(const Payload& payload, const char* wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("a payload is encoded as '", EncodingOf(payload), "', not as ", wanted));
}

template <class T>
absl::Status Parse(const Payload& payload, T& value, const char* what, bool (nlohmann::json::*is)() const noexcept) {
  auto text = JsonText(payload);
  if (!text.ok()) return text.status();
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!(json.*is)()) return absl::InvalidArgumentError(absl::StrCat("a payload is not ", what));
  value = json.get<T>();
  return absl::OkStatus();
}

}  // namespace

Payload NullPayload() { return Encoded(kNull, {}); }
Payload PlainPayload(std::string data) { return Encoded(kPlain, std::move(data)); }
Payload JsonPayload(std::string text) { return Encoded(kJson, std::move(text)); }

absl::StatusOr<Payload> MessagePayload(const google::protobuf::Message& message, bool binary) {
  Payload payload;
  auto& metadata = *payload.mutable_metadata();
  metadata["messageType"] = message.GetDescriptor()->full_name();
  metadata[kEncoding] = binary ? kBinaryProto : kJsonProto;
  if (binary) {
    payload.set_data(message.SerializeAsString());
    return payload;
  }
  const auto status = google::protobuf::util::MessageToJsonString(message, payload.mutable_data());
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("no JSON for ", message.GetTypeName()));
  return payload;
}

absl::Status ParseMessage(const Payload& payload, google::protobuf::Message& message) {
  const std::string encoding = EncodingOf(payload);
  bool parsed = false;
  if (encoding == kJsonProto || encoding == kJson) {
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;  // a newer sender's fields
    parsed = google::protobuf::util::JsonStringToMessage(payload.data(), &message, options).ok();
  } else if (encoding == kBinaryProto) {
    parsed = message.ParseFromString(payload.data());
  } else {
    return Mismatch(payload, "a protobuf message");
  }
  if (parsed) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("a payload is not a ", message.GetTypeName()));
}

absl::StatusOr<std::string> ParsePlain(const Payload& payload) {
  if (EncodingOf(payload) != kPlain) return Mismatch(payload, kPlain);
  return payload.data();
}

absl::StatusOr<std::string> JsonText(const Payload& payload) {
  if (EncodingOf(payload) != kJson) return Mismatch(payload, kJson);
  return payload.data();
}

absl::Status BadJson() { return absl::InvalidArgumentError("a payload's JSON does not fit the type"); }

Payload ScalarPayload(const std::string& value) {
  using Json = nlohmann::json;
  return JsonPayload(Json(value).dump(-1, ' ', false, Json::error_handler_t::replace));
}
Payload ScalarPayload(double value) { return JsonPayload(nlohmann::json(value).dump()); }
Payload ScalarPayload(bool value) { return JsonPayload(value ? "true" : "false"); }
Payload ScalarPayload(long long value) { return JsonPayload(std::to_string(value)); }
Payload ScalarPayload(unsigned long long value) { return JsonPayload(std::to_string(value)); }

absl::Status ParseScalar(const Payload& payload, std::string& value) {
  return Parse(payload, value, "a string", &nlohmann::json::is_string);
}
absl::Status ParseScalar(const Payload& payload, double& value) {
  return Parse(payload, value, "a number", &nlohmann::json::is_number);
}
absl::Status ParseScalar(const Payload& payload, bool& value) {
  return Parse(payload, value, "a boolean", &nlohmann::json::is_boolean);
}
absl::Status ParseScalar(const Payload& payload, unsigned long long& value) {
  return Parse(payload, value, "a natural number", &nlohmann::json::is_number_unsigned);
}
absl::Status ParseScalar(const Payload& payload, long long& value) {
  unsigned long long natural = 0;  // values above the signed range must not wrap around
  if (absl::Status status = ParseScalar(payload, natural); status.ok()) {
    if (!std::in_range<long long>(natural)) return OutOfRange();
    value = static_cast<long long>(natural);
    return status;
  }
  return Parse(payload, value, "an integer", &nlohmann::json::is_number_integer);
}
absl::Status OutOfRange() { return absl::InvalidArgumentError("a number does not fit the type"); }

}  // namespace temporal::converter_internal
