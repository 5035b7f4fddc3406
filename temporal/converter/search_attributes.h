#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "temporal/common/time.h"
#include "temporal/converter/payload.h"

// Typed search attributes: what visibility queries may ask about. Never run through a payload codec: the server reads
// them.
//
//   inline constexpr temporal::KeywordKey kCustomer{"Customer"};
//   options.search_attributes = temporal::SearchAttributes().Set(kCustomer, "acme").Set(kPaid, true).values();
//   absl::StatusOr<std::optional<std::string>> customer = temporal::GetSearchAttribute(attributes, kCustomer);
namespace temporal {

// The name of an attribute that the server knows, with its type there. The text must outlive the key; use literals.
template <class T>
struct SearchAttributeKey {
  using ValueType = T;
  constexpr SearchAttributeKey(std::string_view attribute, std::string_view server_type)
      : name(attribute), type(server_type) {}

  std::string_view name;
  std::string_view type;  // the server's name of the type
};

struct KeywordKey : SearchAttributeKey<std::string> {  // compared as a whole
  constexpr explicit KeywordKey(std::string_view name) : SearchAttributeKey(name, "Keyword") {}
};
struct TextKey : SearchAttributeKey<std::string> {  // searched by words
  constexpr explicit TextKey(std::string_view name) : SearchAttributeKey(name, "Text") {}
};
struct IntKey : SearchAttributeKey<int64_t> {
  constexpr explicit IntKey(std::string_view name) : SearchAttributeKey(name, "Int") {}
};
struct DoubleKey : SearchAttributeKey<double> {
  constexpr explicit DoubleKey(std::string_view name) : SearchAttributeKey(name, "Double") {}
};
struct BoolKey : SearchAttributeKey<bool> {
  constexpr explicit BoolKey(std::string_view name) : SearchAttributeKey(name, "Bool") {}
};
struct DatetimeKey : SearchAttributeKey<Time> {
  constexpr explicit DatetimeKey(std::string_view name) : SearchAttributeKey(name, "Datetime") {}
};
struct KeywordListKey : SearchAttributeKey<std::vector<std::string>> {
  constexpr explicit KeywordListKey(std::string_view name) : SearchAttributeKey(name, "KeywordList") {}
};

namespace converter_internal {
Payload SearchAttributePayload(std::string_view type, const std::string& value);
Payload SearchAttributePayload(std::string_view type, int64_t value);
Payload SearchAttributePayload(std::string_view type, double value);
Payload SearchAttributePayload(std::string_view type, bool value);
Payload SearchAttributePayload(std::string_view type, Time value);
Payload SearchAttributePayload(std::string_view type, const std::vector<std::string>& value);
Payload UnsetSearchAttribute(std::string_view type);

// Nothing for an attribute that was taken away.
absl::StatusOr<std::optional<std::string>> ParseSearchAttribute(const Payload& payload, const std::string*);
absl::StatusOr<std::optional<int64_t>> ParseSearchAttribute(const Payload& payload, const int64_t*);
absl::StatusOr<std::optional<double>> ParseSearchAttribute(const Payload& payload, const double*);
absl::StatusOr<std::optional<bool>> ParseSearchAttribute(const Payload& payload, const bool*);
absl::StatusOr<std::optional<Time>> ParseSearchAttribute(const Payload& payload, const Time*);
absl::StatusOr<std::optional<std::vector<std::string>>> ParseSearchAttribute(const Payload& payload,
                                                                             const std::vector<std::string>*);
}  // namespace converter_internal

// Attributes being put together: for starts, upserts and schedules.
class SearchAttributes {
 public:
  template <class T>
  SearchAttributes& Set(const SearchAttributeKey<T>& key, const std::type_identity_t<T>& value) {
    values_[std::string(key.name)] = converter_internal::SearchAttributePayload(key.type, value);
    return *this;
  }
  // Takes the attribute away (in an upsert).
  template <class T>
  SearchAttributes& Unset(const SearchAttributeKey<T>& key) {
    values_[std::string(key.name)] = converter_internal::UnsetSearchAttribute(key.type);
    return *this;
  }
  const std::map<std::string, Payload>& values() const { return values_; }

 private:
  std::map<std::string, Payload> values_;
};

// The value of an attribute; nothing if it is not there. kInvalidArgument: it is of another type.
template <class T>
absl::StatusOr<std::optional<T>> GetSearchAttribute(const std::map<std::string, Payload>& attributes,
                                                    const SearchAttributeKey<T>& key) {
  const auto found = attributes.find(std::string(key.name));
  if (found == attributes.end()) return std::optional<T>();
  return converter_internal::ParseSearchAttribute(found->second, static_cast<const T*>(nullptr));
}

}  // namespace temporal
