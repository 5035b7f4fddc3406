#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "temporal/api/command/v1/message.pb.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/common/time.h"
#include "temporal/core/history/events.h"

namespace temporal::core {

// How a local activity ended, as the history has it.
struct LocalActivityMarker {
  uint32_t seq = 0;
  int attempt = 1;
  std::string activity_id;
  std::string activity_type;
  std::optional<Time> complete_time;
  std::optional<Duration> backoff;  // to be tried again after so long, as another local activity
  std::optional<Time> original_schedule_time;
  // Which activation of its workflow task told the code, counted from 0; older histories have none.
  std::optional<uint64_t> activation_index;
  std::optional<api::common::v1::Payload> result;
  std::optional<api::failure::v1::Failure> failure;
};

bool IsLocalActivityMarker(const HistoryEvent& event);

// Empty if what the marker holds cannot be read.
std::optional<LocalActivityMarker> LocalActivityMarkerOf(const HistoryEvent& event);

api::command::v1::Command MarkerCommand(const LocalActivityMarker& marker);

}  // namespace temporal::core
