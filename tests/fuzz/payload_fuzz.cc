#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "nlohmann/json.hpp"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/converter/payload.h"

// Any payload as any type; what can be read can be written and read again.
namespace temporal {

template <class T>
void Try(const Payload& payload) {
  const auto value = FromPayload<T>(payload);
  if (!value.ok()) return;
  const auto again = ToPayload(*value);
  if (!again.ok() || !FromPayload<T>(*again).ok()) __builtin_trap();
}

}  // namespace temporal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace t = temporal;
  t::Payloads list;
  if (!list.ParseFromArray(data, static_cast<int>(size))) return 0;
  using Message = t::api::failure::v1::Failure;
  for (const t::Payload& payload : list.payloads()) {
    t::Try<t::Nothing>(payload);
    t::Try<t::Bytes>(payload);
    t::Try<std::string>(payload);
    t::Try<bool>(payload);
    t::Try<int8_t>(payload);
    t::Try<int64_t>(payload);
    t::Try<uint64_t>(payload);
    t::Try<double>(payload);
    t::Try<std::vector<std::string>>(payload);
    t::Try<std::map<std::string, int>>(payload);
    t::FromPayload<nlohmann::json>(payload).IgnoreError();
    t::FromPayload<Message>(payload).IgnoreError();
    t::FromPayload<t::BinaryProto<Message>>(payload).IgnoreError();
  }
  t::FromPayloads<t::Nothing>(list).IgnoreError();
  t::FromPayloads<std::tuple<std::string, int, t::Bytes>>(list).IgnoreError();
  return 0;
}
