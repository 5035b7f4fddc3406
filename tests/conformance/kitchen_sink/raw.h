#pragma once

#include <utility>

#include "temporal/converter/payload.h"

namespace temporal {

namespace kitchen_sink {

// Arguments as they are on the wire, whatever they hold.
struct Raw {
  Payloads list;
};

// A Raw of payloads that a message of the protocol holds.
template <class Repeated>
Raw ToRaw(const Repeated& payloads) {
  Raw raw;
  for (const Payload& each : payloads) *raw.list.add_payloads() = each;
  return raw;
}

}  // namespace kitchen_sink

template <>
struct ArgumentTraits<kitchen_sink::Raw> {
  static absl::StatusOr<Payloads> Encode(const kitchen_sink::Raw& value) { return value.list; }
  static absl::StatusOr<kitchen_sink::Raw> Decode(const Payloads& list) { return kitchen_sink::Raw{list}; }
};

}  // namespace temporal
