#include <cstddef>
#include <cstdint>
#include <utility>

#include "tests/fuzz/histories.h"
#include "tests/fuzz/workflows.h"

// Histories as the server writes them, with events taken out, doubled, exchanged, moved and renumbered: bytes that
// protobuf would refuse are not tried over and over.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto& all = temporal::fuzz::Histories();
  temporal::api::history::v1::History history = all[data[0] % all.size()];
  auto& events = *history.mutable_events();
  bool renumber = false;
  for (size_t i = 1; i + 2 < size && i < 64 && !events.empty(); i += 3) {
    const int at = data[i + 1] % events.size();
    const int value = data[i + 2];
    switch (data[i] % 8) {
      case 0:
        events.DeleteSubrange(at, 1);
        break;
      case 1:
        *events.Add() = events.Get(at);
        events.SwapElements(events.size() - 1, value % events.size());
        break;
      case 2:
        events.SwapElements(at, value % events.size());
        break;
      case 3:
        events.Mutable(at)->set_event_id(value - 8);
        break;
      case 4:
        events.Mutable(at)->set_event_type(static_cast<temporal::api::enums::v1::EventType>(value));
        break;
      case 5:
        events.Mutable(at)->set_worker_may_ignore(value % 2 == 0);
        break;
      case 6: {
        const auto& other = all[value % all.size()].events();
        *events.Mutable(at) = other.Get(at % other.size());
        break;
      }
      default:
        renumber = value % 2 == 0;
    }
  }
  for (int i = 0; renumber && i < events.size(); ++i) events.Mutable(i)->set_event_id(i + 1);
  temporal::fuzz::ReplayAs(std::move(history));
  return 0;
}
