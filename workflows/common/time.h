#pragma once

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "temporal/common/time.h"

// Protobuf's times and those of the SDK.
namespace gpuaas::workflows {

inline temporal::Duration FromProto(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

inline temporal::Time FromProto(const google::protobuf::Timestamp& time) {
  return temporal::Time(std::chrono::duration_cast<temporal::Time::duration>(std::chrono::seconds(time.seconds()) +
                                                                             std::chrono::nanoseconds(time.nanos())));
}

inline google::protobuf::Duration ToProto(temporal::Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  google::protobuf::Duration result;
  result.set_seconds(seconds.count());
  result.set_nanos(static_cast<int>((duration - seconds).count()));
  return result;
}

// Of system_clock times of any resolution.
template <class Unit>
google::protobuf::Timestamp ToProto(std::chrono::time_point<std::chrono::system_clock, Unit> time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp result;
  result.set_seconds(seconds.time_since_epoch().count());
  result.set_nanos(static_cast<int>(std::chrono::nanoseconds(time - seconds).count()));
  return result;
}

}  // namespace gpuaas::workflows
