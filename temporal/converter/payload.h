#pragma once

#include <exception>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "nlohmann/json_fwd.hpp"
#include "temporal/api/common/v1/message.pb.h"
#include "temporal/common/nothing.h"

// Values to payloads and back. The type decides the encoding:
//   Nothing           binary/null
//   Bytes             binary/plain
//   protobuf message  json/protobuf (readable in Temporal's UI); BinaryProto<M> writes binary/protobuf; both are read
//   Payload           as it is
//   anything else     json/plain, by nlohmann::json (include nlohmann/json.hpp where such a type is used; std::string,
//   bool,
//                     integers and double need no include)
// Errors of decoding: kInvalidArgument with the encodings, never with the data. All functions are thread-safe and
// deterministic.
namespace temporal {

using Payload = api::common::v1::Payload;
using Payloads = api::common::v1::Payloads;

struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

template <class Message>
struct BinaryProto {
  Message message;
};

namespace converter_internal {
Payload NullPayload();
Payload PlainPayload(std::string data);
absl::StatusOr<Payload> MessagePayload(const google::protobuf::Message& message, bool binary);
absl::Status ParseMessage(const Payload& payload, google::protobuf::Message& message);
absl::StatusOr<std::string> ParsePlain(const Payload& payload);
absl::Status ParseNull(const Payload& payload);
Payload JsonPayload(std::string text);                         // json/plain of JSON text
absl::StatusOr<std::string> JsonText(const Payload& payload);  // the text of json/plain
absl::Status BadJson();
absl::Status OutOfRange();
Payload ScalarPayload(const std::string& value);
Payload ScalarPayload(double value);
Payload ScalarPayload(bool value);
Payload ScalarPayload(long long value);
Payload ScalarPayload(unsigned long long value);
absl::Status ParseScalar(const Payload& payload, std::string& value);
absl::Status ParseScalar(const Payload& payload, double& value);
absl::Status ParseScalar(const Payload& payload, bool& value);
absl::Status ParseScalar(const Payload& payload, long long& value);
absl::Status ParseScalar(const Payload& payload, unsigned long long& value);

// nlohmann::json, named dependently: it need not be complete where no type goes through it.
template <class T>
struct JsonFor {
  using type = nlohmann::json;
};

template <class T>
inline constexpr bool is_scalar = std::is_arithmetic_v<T> || std::is_same_v<T, std::string>;
template <class T>
using Scalar =
    std::conditional_t<std::is_same_v<T, std::string> || std::is_same_v<T, bool>, T,
                       std::conditional_t<std::is_floating_point_v<T>, double,
                                          std::conditional_t<std::is_unsigned_v<T>, unsigned long long, long long>>>;
}  // namespace converter_internal

// How T is encoded. Specialise it for a type of your own; both functions are static:
//   absl::StatusOr<Payload> Encode(const T&);  absl::StatusOr<T> Decode(const Payload&);
template <class T>
struct PayloadTraits {
  static absl::StatusOr<Payload> Encode(const T& value) {
    namespace in = converter_internal;
    if constexpr (std::is_base_of_v<google::protobuf::Message, T>) {
      if constexpr (std::is_same_v<T, Payload>) {
        return value;
      } else {
        return in::MessagePayload(value, /*binary=*/false);
      }
    } else if constexpr (in::is_scalar<T>) {
      return in::ScalarPayload(static_cast<in::Scalar<T>>(value));
    } else {
      return in::JsonPayload(typename in::JsonFor<T>::type(value).dump());
    }
  }

  static absl::StatusOr<T> Decode(const Payload& payload) {
    namespace in = converter_internal;
    if constexpr (std::is_base_of_v<google::protobuf::Message, T>) {
      if constexpr (std::is_same_v<T, Payload>) {
        return payload;
      } else {
        T message;
        if (auto status = in::ParseMessage(payload, message); !status.ok()) return status;
        return message;
      }
    } else if constexpr (in::is_scalar<T>) {
      in::Scalar<T> value{};
      if (auto status = in::ParseScalar(payload, value); !status.ok()) return status;
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) return in::OutOfRange();
      }
      return static_cast<T>(value);
    } else {
      auto text = in::JsonText(payload);
      if (!text.ok()) return text.status();
      try {
        return in::JsonFor<T>::type::parse(*text).template get<T>();
      } catch (const std::exception&) {
        return in::BadJson();
      }
    }
  }
};

template <>
struct PayloadTraits<Nothing> {
  static absl::StatusOr<Payload> Encode(Nothing) { return converter_internal::NullPayload(); }
  static absl::StatusOr<Nothing> Decode(const Payload& payload) { return Nothing{}; }
};

template <>
struct PayloadTraits<Bytes> {
  static absl::StatusOr<Payload> Encode(const Bytes& value) { return converter_internal::PlainPayload(value.data); }
  static absl::StatusOr<Bytes> Decode(const Payload& payload) {
    auto data = converter_internal::ParsePlain(payload);
    if (!data.ok()) return data.status();
    return Bytes{*std::move(data)};
  }
};

template <class M>
struct PayloadTraits<BinaryProto<M>> {
  static absl::StatusOr<Payload> Encode(const BinaryProto<M>& value) {
    return converter_internal::MessagePayload(value.message, /*binary=*/true);
  }
  static absl::StatusOr<BinaryProto<M>> Decode(const Payload& payload) {
    BinaryProto<M> value;
    if (auto status = converter_internal::ParseMessage(payload, value.message); !status.ok()) return status;
    return value;
  }
};

template <class T>
absl::StatusOr<Payload> ToPayload(const T& value) {
  return PayloadTraits<T>::Encode(value);
}

template <class T>
absl::StatusOr<T> FromPayload(const Payload& payload) {
  return PayloadTraits<T>::Decode(payload);
}

// Argument lists: Nothing is the empty list, std::tuple one payload each, anything else a list of one.
template <class T>
struct ArgumentTraits {
  static absl::StatusOr<Payloads> Encode(const T& value) {
    Payloads list;
    if constexpr (!std::is_same_v<T, Nothing>) {
      auto payload = ToPayload(value);
      if (!payload.ok()) return payload.status();
      *list.add_payloads() = *std::move(payload);
    }
    return list;
  }
  static absl::StatusOr<T> Decode(const Payloads& list) {
    if constexpr (std::is_same_v<T, Nothing>) {
      return Nothing{};
    } else {
      if (list.payloads_size() == 0) return absl::InvalidArgumentError("an argument is missing");
      return FromPayload<T>(list.payloads(0));
    }
  }
};

template <class... Ts>
struct ArgumentTraits<std::tuple<Ts...>> {
  static absl::StatusOr<Payloads> Encode(const std::tuple<Ts...>& values) {
    Payloads list;
    absl::Status status;
    const auto add = [&](const auto& value) {
      auto payload = ToPayload(value);
      if (payload.ok()) *list.add_payloads() = *std::move(payload);
      status.Update(payload.status());
    };
    std::apply([&](const Ts&... value) { (add(value), ...); }, values);
    if (!status.ok()) return status;
    return list;
  }
  static absl::StatusOr<std::tuple<Ts...>> Decode(const Payloads& list) {
    if (list.payloads_size() < static_cast<int>(sizeof...(Ts)))
      return absl::InvalidArgumentError("an argument is missing");
    std::tuple<Ts...> values;
    absl::Status status;
    int next = 0;
    const auto take = [&](auto& value) {
      auto decoded = FromPayload<std::remove_reference_t<decltype(value)>>(list.payloads(next++));
      if (decoded.ok()) value = *std::move(decoded);
      status.Update(decoded.status());
    };
    std::apply([&](Ts&... value) { (take(value), ...); }, values);
    if (!status.ok()) return status;
    return values;
  }
};

template <class T>
absl::StatusOr<Payloads> ToPayloads(const T& value) {
  return ArgumentTraits<T>::Encode(value);
}

template <class T>
absl::StatusOr<T> FromPayloads(const Payloads& list) {
  return ArgumentTraits<T>::Decode(list);
}

}  // namespace temporal
