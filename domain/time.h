#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gpuaas {

// A moment in UTC, with microseconds: what PostgreSQL keeps.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// "2026-01-31T12:00:00.123456Z": RFC 3339 in UTC, always with six digits of fraction, so that text sorts as time does.
std::string FormatTime(Time time);

// Reads RFC 3339 with `Z` or a numeric offset, zero to nine digits of fraction (finer than a microsecond is cut off)
// and `T` or a space as separator. Nothing if the text is not such a time.
std::optional<Time> ParseTime(std::string_view text);

}  // namespace gpuaas
