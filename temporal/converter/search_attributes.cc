#include "temporal/converter/search_attributes.h"

#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace temporal::converter_internal {

namespace {

using Json = nlohmann::json;

Payload Typed(std::string_view type, const Json& value) {
  Payload payload = JsonPayload(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  (*payload.mutable_metadata())["type"] = std::string(type);
  return payload;
}

// The one value in the payload: servers and other SDKs may wrap it in a list. Null: there is none.
absl::StatusOr<Json> Value(const Payload& payload) {
  const auto encoding = payload.metadata().find("encoding");
  if (encoding != payload.metadata().end() && encoding->second == "binary/null") return Json();
  const auto text = JsonText(payload);
  if (!text.ok()) return text.status();
  Json value = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return BadJson();
  return value;
}

template <class T>
absl::StatusOr<std::optional<T>> Parse(const Payload& payload, bool (Json::*is)() const noexcept) {
  const auto value = Value(payload);
  if (!value.ok()) return value.status();
  const Json* one = &*value;
  if (one->is_array() && one->size() <= 1) one = one->empty() ? nullptr : &one->front();
  if (one == nullptr || one->is_null()) return std::optional<T>();
  if (!(one->*is)()) return BadJson();
  return std::optional<T>(one->get<T>());
}

}  // namespace

Payload SearchAttributePayload(std::string_view type, const std::string& value) { return Typed(type, value); }
Payload SearchAttributePayload(std::string_view type, int64_t value) { return Typed(type, value); }
Payload SearchAttributePayload(std::string_view type, double value) { return Typed(type, value); }
Payload SearchAttributePayload(std::string_view type, bool value) { return Typed(type, value); }
Payload SearchAttributePayload(std::string_view type, const std::vector<std::string>& value) {
  return Typed(type, value);
}
Payload SearchAttributePayload(std::string_view type, Time value) {
  return Typed(type, absl::FormatTime(absl::RFC3339_full, absl::FromChrono(value), absl::UTCTimeZone()));
}

Payload UnsetSearchAttribute(std::string_view type) {
  Payload payload = NullPayload();
  (*payload.mutable_metadata())["type"] = std::string(type);
  return payload;
}

absl::StatusOr<std::optional<std::string>> ParseSearchAttribute(const Payload& payload, const std::string*) {
  return Parse<std::string>(payload, &Json::is_string);
}
absl::StatusOr<std::optional<int64_t>> ParseSearchAttribute(const Payload& payload, const int64_t*) {
  return Parse<int64_t>(payload, &Json::is_number_integer);
}
absl::StatusOr<std::optional<double>> ParseSearchAttribute(const Payload& payload, const double*) {
  return Parse<double>(payload, &Json::is_number);
}
absl::StatusOr<std::optional<bool>> ParseSearchAttribute(const Payload& payload, const bool*) {
  return Parse<bool>(payload, &Json::is_boolean);
}
absl::StatusOr<std::optional<Time>> ParseSearchAttribute(const Payload& payload, const Time*) {
  const auto text = Parse<std::string>(payload, &Json::is_string);
  if (!text.ok()) return text.status();
  if (!text->has_value()) return std::optional<Time>();
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, **text, &time, &error)) return BadJson();
  return std::optional<Time>(std::chrono::time_point_cast<Time::duration>(absl::ToChronoTime(time)));
}

absl::StatusOr<std::optional<std::vector<std::string>>> ParseSearchAttribute(const Payload& payload,
                                                                             const std::vector<std::string>*) {
  const auto value = Value(payload);
  if (!value.ok()) return value.status();
  if (value->is_null()) return std::optional<std::vector<std::string>>();
  std::vector<std::string> list;
  for (const Json& each : value->is_array() ? *value : Json::array({*value})) {
    if (!each.is_string()) return BadJson();
    list.push_back(each.get<std::string>());
  }
  return std::optional(std::move(list));
}

}  // namespace temporal::converter_internal
