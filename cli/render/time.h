#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gpuaas::cli {

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

// An RFC 3339 time with any offset; nothing if it is not one.
std::optional<TimePoint> ParseTime(std::string_view text);

// RFC 3339 in UTC, whole seconds: 2025-01-02T03:04:05Z.
std::string FormatTime(TimePoint time);

// The time of day: 03:04:05.
std::string FormatClock(TimePoint time);

// As people say it: 0.4s, 12s, 4m02s, 3h05m, 2d04h.
std::string FormatDuration(std::chrono::milliseconds span);

// Roughly, in the largest unit: 12s, 17m, 3h, 2d.
std::string FormatAge(std::chrono::milliseconds span);

// "90", "90s", "10m", "2h", "1h30m", "500ms", "7d"; a bare number is seconds. Nothing if malformed or negative.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace gpuaas::cli
