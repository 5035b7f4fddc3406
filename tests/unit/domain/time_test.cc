#include "domain/time.h"

#include <gtest/gtest.h>

namespace gpuaas {
namespace {

TEST(TimeTest, WritesSixDigitsInUtc) {
  EXPECT_EQ(FormatTime(Time()), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(FormatTime(*ParseTime("2026-02-28T23:59:59.5Z")), "2026-02-28T23:59:59.500000Z");
  EXPECT_EQ(FormatTime(Time(std::chrono::microseconds(-1))), "1969-12-31T23:59:59.999999Z");
}

TEST(TimeTest, ReadsWhatOthersWrite) {
  const Time expected = *ParseTime("2026-11-20T12:00:00.120000Z");
  for (const char* text : {"2026-11-20T12:00:00.12Z", "2026-11-20t12:00:00.120000999z", "2026-11-20 12:00:00.12+00",
                           "2026-11-20T14:00:00.12+02:00", "2026-11-20T06:30:00.12-05:30"}) {
    EXPECT_EQ(ParseTime(text), expected) << text;
  }
  EXPECT_EQ(ParseTime("2024-02-29T00:00:00Z"), *ParseTime("2024-02-28T00:00:00Z") + std::chrono::days(1));
}

TEST(TimeTest, RefusesTheRest) {
  for (const char* text :
       {"", "2026", "2026-11-20", "2026-11-20T12:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-20T24:00:00Z", "2026-11-20T12:60:00Z", "2026-11-20T12:00:00.Z", "2026-11-20T12:00:00.1234567890Z",
        "2026-11-20T12:00:00Zx", "2026-11-20T12:00:00+25:00", "-026-11-20T12:00:00Z", "2026-11-20T12:00:00+1"}) {
    EXPECT_FALSE(ParseTime(text)) << text;
  }
}

}  // namespace
}  // namespace gpuaas
