#include <gtest/gtest.h>

#include <future>

#include "temporal/worker/timers.h"

namespace temporal::worker {
namespace {

using namespace std::chrono_literals;

TEST(SteadyTimersTest, AnEarlierOneOvertakes) {
  SteadyTimers timers;
  std::promise<void> late, soon;
  timers.At(timers.Now() + 1h, [&] { late.set_value(); });
  timers.At(timers.Now() + 1ms, [&] { soon.set_value(); });
  EXPECT_EQ(soon.get_future().wait_for(20s), std::future_status::ready);
  EXPECT_EQ(late.get_future().wait_for(0s), std::future_status::timeout);
}

TEST(SteadyTimersTest, OneAfterACancelledOneStillComes) {
  SteadyTimers timers;
  for (int i = 0; i < 10; ++i) {
    bool cancelled = true;
    const auto id = timers.At(timers.Now() + 20ms, [&] { cancelled = false; });
    timers.Cancel(id);
    std::promise<void> done;
    timers.At(timers.Now() + (i % 2 == 0 ? 1ms : 30ms), [&] { done.set_value(); });
    EXPECT_EQ(done.get_future().wait_for(20s), std::future_status::ready) << i;
    EXPECT_TRUE(cancelled);
  }
}

TEST(SteadyTimersTest, WhatHasNotRunByTheEndNeverRuns) {
  bool ran = false;
  {
    SteadyTimers timers;
    timers.At(timers.Now() + 1h, [&] { ran = true; });
  }
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace temporal::worker
