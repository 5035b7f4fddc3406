#include <cstddef>
#include <cstdint>

#include "temporal/core/history/events.h"
#include "temporal/core/history/local_activity_marker.h"

// The engine's own markers, as anybody may have recorded them; one that can be read is written the same way again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temporal;
  core::HistoryEvent event;
  auto& attributes = *event.mutable_marker_recorded_event_attributes();
  if (!attributes.ParseFromArray(data, static_cast<int>(size))) return 0;
  core::PatchMarkerOf(event);
  const auto marker = core::LocalActivityMarkerOf(event);
  if (!marker) return 0;
  const auto command = core::MarkerCommand(*marker);
  attributes.set_marker_name(command.record_marker_command_attributes().marker_name());
  *attributes.mutable_details() = command.record_marker_command_attributes().details();
  const auto again = core::LocalActivityMarkerOf(event);
  if (!again || again->seq != marker->seq || again->attempt != marker->attempt ||
      again->activity_id != marker->activity_id || again->activation_index != marker->activation_index) {
    __builtin_trap();
  }
  return 0;
}
