#include "temporal/core/history/local_activity_marker.h"

#include "google/protobuf/duration.pb.h"
#include "nlohmann/json.hpp"
#include "temporal/common/proto.h"

namespace temporal::core {

namespace enums = api::enums::v1;
using Json = nlohmann::json;

namespace {

Json Encoded(Duration duration) {
  constexpr int64_t kSecond = 1'000'000'000;
  return {{"seconds", duration.count() / kSecond}, {"nanos", duration.count() % kSecond}};
}
Json Encoded(const std::optional<Duration>& duration) { return duration ? Encoded(*duration) : Json(); }
Json Encoded(const std::optional<Time>& time) {
  return time ? Encoded(std::chrono::duration_cast<Duration>(time->time_since_epoch())) : Json();
}

std::optional<Duration> DurationIn(const Json& data, const char* key) {
  const auto found = data.find(key);
  if (found == data.end() || !found->is_object()) return std::nullopt;
  google::protobuf::Duration duration;
  duration.set_seconds(found->value("seconds", int64_t{0}));
  duration.set_nanos(found->value("nanos", int32_t{0}));
  return FromProto(duration);
}

std::optional<Time> TimeIn(const Json& data, const char* key) {
  const auto since_epoch = DurationIn(data, key);
  if (!since_epoch) return std::nullopt;
  return Time(std::chrono::duration_cast<Time::duration>(*since_epoch));
}

void Read(const Json& data, LocalActivityMarker& marker) {
  marker.seq = data.at("seq").get<uint32_t>();
  marker.attempt = data.value("attempt", 1);
  marker.activity_id = data.value("activity_id", "");
  marker.activity_type = data.value("activity_type", "");
  marker.complete_time = TimeIn(data, "complete_time");
  marker.backoff = DurationIn(data, "backoff");
  marker.original_schedule_time = TimeIn(data, "original_schedule_time");
  const auto index = data.find("activation_index");
  if (index != data.end() && !index->is_null()) marker.activation_index = index->get<uint64_t>();
}

}  // namespace

bool IsLocalActivityMarker(const HistoryEvent& event) {
  return event.has_marker_recorded_event_attributes() &&
         event.marker_recorded_event_attributes().marker_name() == kLocalActivityMarkerName;
}

std::optional<LocalActivityMarker> LocalActivityMarkerOf(const HistoryEvent& event) {
  const auto& attributes = event.marker_recorded_event_attributes();
  const auto first = [&](const char* key) -> const api::common::v1::Payload* {
    const auto found = attributes.details().find(key);
    return found == attributes.details().end() || found->second.payloads().empty() ? nullptr
                                                                                   : &found->second.payloads(0);
  };
  const auto* data = first(kLocalActivityDataKey);
  if (data == nullptr) return std::nullopt;
  LocalActivityMarker marker;
  try {
    Read(Json::parse(data->data()), marker);
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  if (const auto* result = first(kLocalActivityResultKey)) marker.result = *result;
  if (attributes.has_failure()) marker.failure = attributes.failure();
  return marker;
}

api::command::v1::Command MarkerCommand(const LocalActivityMarker& marker) {
  api::command::v1::Command command;
  command.set_command_type(enums::COMMAND_TYPE_RECORD_MARKER);
  auto& attributes = *command.mutable_record_marker_command_attributes();
  attributes.set_marker_name(kLocalActivityMarkerName);
  Json data = {{"seq", marker.seq},
               {"attempt", marker.attempt},
               {"activity_id", marker.activity_id},
               {"activity_type", marker.activity_type},
               {"complete_time", Encoded(marker.complete_time)},
               {"backoff", Encoded(marker.backoff)},
               {"original_schedule_time", Encoded(marker.original_schedule_time)}};
  if (marker.activation_index) data["activation_index"] = *marker.activation_index;
  auto& details = *attributes.mutable_details();
  auto& payload = *details[kLocalActivityDataKey].add_payloads();
  (*payload.mutable_metadata())["encoding"] = "json/plain";
  payload.set_data(data.dump());
  if (marker.result) *details[kLocalActivityResultKey].add_payloads() = *marker.result;
  if (marker.failure) *attributes.mutable_failure() = *marker.failure;
  return command;
}

}  // namespace temporal::core
