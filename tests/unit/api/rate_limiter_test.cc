#include "api/common/rate_limiter.h"

#include "gmock/gmock.h"

namespace gpuaas::api {
namespace {

using std::chrono::seconds;

const Time kStart{seconds(1'800'000'000)};

TEST(RateLimiter, LetsABurstThroughAndThenOneAtATime) {
  RateLimiter limiter(3, seconds(60));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a", kStart), seconds(0));
  EXPECT_EQ(limiter.Take("a", kStart), seconds(20));
  EXPECT_EQ(limiter.Take("a", kStart + seconds(19)), seconds(1));
  EXPECT_EQ(limiter.Take("a", kStart + seconds(20)), seconds(0));
  EXPECT_GT(limiter.Take("a", kStart + seconds(20)), seconds(0));
}

TEST(RateLimiter, NamesDoNotDisturbEachOther) {
  RateLimiter limiter(1, seconds(60));
  EXPECT_EQ(limiter.Take("a", kStart), seconds(0));
  EXPECT_EQ(limiter.Take("b", kStart), seconds(0));
  EXPECT_EQ(limiter.Take("a", kStart), seconds(60));
}

TEST(RateLimiter, IsBoundedAgainstManyNames) {
  RateLimiter limiter(1, seconds(60));
  for (int i = 0; i < 10'000; ++i) limiter.Take(std::to_string(i), kStart);
  EXPECT_GT(limiter.Take("one more", kStart), seconds(0));
  EXPECT_EQ(limiter.Take("one more", kStart + seconds(61)), seconds(0));
}

TEST(RateLimiter, AClockThatGoesBackGivesNothingAway) {
  RateLimiter limiter(1, seconds(60));
  EXPECT_EQ(limiter.Take("a", kStart), seconds(0));
  EXPECT_GT(limiter.Take("a", kStart - seconds(600)), seconds(0));
}

}  // namespace
}  // namespace gpuaas::api
