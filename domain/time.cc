#include "domain/time.h"

#include <cstdint>
#include <cstdio>

namespace gpuaas {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Takes numbers and separators off the front of a text; any mismatch makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int Number(std::size_t digits) {
    int value = 0;
    if (rest_.size() < digits) return Fail();
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return Fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

  bool Skip(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void Expect(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_[0]) == std::string_view::npos) {
      Fail();
    } else {
      rest_.remove_prefix(1);
    }
  }

  microseconds Fraction() {
    std::int64_t value = 0;
    std::int64_t unit = 1'000'000;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      unit /= 10;
      value += (rest_[digits] - '0') * unit;
    }
    if (digits == 0 || digits > 9) return microseconds(Fail());
    rest_.remove_prefix(digits);
    return microseconds(value);
  }

  char Front() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool Done() const { return ok_ && rest_.empty(); }
  bool AtEnd() const { return rest_.empty(); }

 private:
  int Fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string FormatTime(Time time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06ldZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<long>(clock.subseconds().count()));
  return text;
}

std::optional<Time> ParseTime(std::string_view text) {
  Reader reader(text);
  const int year = reader.Number(4);
  reader.Expect("-");
  const int month = reader.Number(2);
  reader.Expect("-");
  const int day = reader.Number(2);
  reader.Expect("Tt ");
  const int hour = reader.Number(2);
  reader.Expect(":");
  const int minute = reader.Number(2);
  reader.Expect(":");
  const int second = reader.Number(2);
  const microseconds fraction = reader.Skip('.') ? reader.Fraction() : microseconds(0);
  minutes offset(0);
  if (const char sign = reader.Front(); sign == '+' || sign == '-') {
    reader.Skip(sign);
    const int offset_hours = reader.Number(2);
    const bool colon = reader.Skip(':');
    const int offset_minutes = colon || !reader.AtEnd() ? reader.Number(2) : 0;  // PostgreSQL writes "+00"
    if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset = hours(offset_hours) + minutes(offset_minutes);
    if (sign == '-') offset = -offset;
  } else {
    reader.Expect("Zz");
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.Done() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) + fraction - offset;
}

}  // namespace gpuaas
