#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include "temporal/converter/payload.h"
#include "temporal/workflow/future.h"

namespace temporal::internal {

// A value that cannot be converted is a programming error: it fails the workflow task, not the workflow.
[[noreturn]] void ConversionFailed(const absl::Status& status);

template <class T>
Payloads EncodeArguments(const T& value) {
  auto payloads = ToPayloads(value);
  if (!payloads.ok()) ConversionFailed(payloads.status());
  return *std::move(payloads);
}

template <class T>
T DecodeArguments(const Payloads& payloads) {
  auto value = FromPayloads<T>(payloads);
  if (!value.ok()) ConversionFailed(value.status());
  return *std::move(value);
}

template <class T>
Payload EncodeValue(const T& value) {
  auto payload = ToPayload(value);
  if (!payload.ok()) ConversionFailed(payload.status());
  return *std::move(payload);
}

template <class T>
T DecodeValue(const Payload& payload) {
  auto value = FromPayload<T>(payload);
  if (!value.ok()) ConversionFailed(value.status());
  return *std::move(value);
}

// A future of `map(value)`; failures pass through, and what `map` throws becomes the failure.
template <class To, class From, class Map>
Future<To> Mapped(const Future<From>& from, Map map) {
  auto to = std::make_shared<FutureState<To>>(from.state()->scheduler());
  to->set_label(from.state()->label());
  from.state()->OnReady([to, raw = from.state().get(), map = std::move(map)] {
    try {
      to->Resolve(map(raw->Take(false)));
    } catch (...) {
      to->Fail(std::current_exception());
    }
  });
  return Future<To>(to);
}

template <class T>
Future<T> Decoded(const Future<Payload>& from) {
  return Mapped<T>(from, [](const Payload& payload) { return DecodeValue<T>(payload); });
}

}  // namespace temporal::internal
