#include "cli/render/time.h"

#include <charconv>
#include <cstdio>

namespace gpuaas::cli {
namespace {

using std::chrono::milliseconds;

// `count` digits at `at`; nothing if there are other characters.
std::optional<int> Digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string Format(const char* format, long a, long b) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, format, a, b);
  return buffer;
}

}  // namespace

std::optional<TimePoint> ParseTime(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month), std::chrono::day(*day)};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  std::size_t at = 19;
  int millis = 0;
  if (text[at] == '.') {
    int scale = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      millis += (text[at] - '0') * scale;
  }
  int offset_minutes = 0;
  std::string_view zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
    const auto hours = Digits(zone, 1, 2), minutes = Digits(zone, 4, 2);
    if (!hours || !minutes) return std::nullopt;
    offset_minutes = (zone[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
  }
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute - offset_minutes) +
         std::chrono::seconds(*second) + milliseconds(millis);
}

std::string FormatTime(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return buffer + FormatClock(time) + "Z";
}

std::string FormatClock(TimePoint time) {
  const std::chrono::hh_mm_ss clock(
      std::chrono::floor<std::chrono::seconds>(time - std::chrono::floor<std::chrono::days>(time)));
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%02ld:%02ld:%02ld", static_cast<long>(clock.hours().count()),
                static_cast<long>(clock.minutes().count()), static_cast<long>(clock.seconds().count()));
  return buffer;
}

std::string FormatDuration(milliseconds span) {
  if (span.count() < 0) return "-" + FormatDuration(-span);
  const long tenths = static_cast<long>(span.count() / 100);
  if (tenths < 100)
    return tenths % 10 == 0 && tenths > 0 ? Format("%lds", tenths / 10, 0)
                                          : Format("%ld.%lds", tenths / 10, tenths % 10);
  const long seconds = tenths / 10;
  if (seconds < 60) return Format("%lds", seconds, 0);
  if (seconds < 3600) return Format("%ldm%02lds", seconds / 60, seconds % 60);
  if (seconds < 86400) return Format("%ldh%02ldm", seconds / 3600, seconds % 3600 / 60);
  return Format("%ldd%02ldh", seconds / 86400, seconds % 86400 / 3600);
}

std::string FormatAge(milliseconds span) {
  const long seconds = static_cast<long>(span.count() / 1000);
  if (seconds < 60) return Format("%lds", seconds, 0);
  if (seconds < 3600) return Format("%ldm", seconds / 60, 0);
  if (seconds < 2 * 86400) return Format("%ldh", seconds / 3600, 0);
  return Format("%ldd", seconds / 86400, 0);
}

std::optional<milliseconds> ParseDuration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  milliseconds total{0};
  while (!text.empty()) {
    long count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0 || count > 1'000'000'000) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::size_t unit_size = 0;
    while (unit_size < text.size() && (text[unit_size] < '0' || text[unit_size] > '9')) ++unit_size;
    const std::string_view unit = text.substr(0, unit_size);
    long factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s" || (unit.empty() && total.count() == 0)) factor = 1000;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    if (unit == "d") factor = 86'400'000;
    if (factor == 0) return std::nullopt;
    total += milliseconds(count * factor);
    text.remove_prefix(unit_size);
  }
  return total;
}

}  // namespace gpuaas::cli
