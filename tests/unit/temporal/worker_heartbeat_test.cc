#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>

#include "temporal/worker/heartbeat.h"
#include "temporal/worker/timers.h"

namespace temporal::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

HeartbeatThrottle::Instant At(Duration since) {
  return HeartbeatThrottle::Instant(std::chrono::duration_cast<HeartbeatThrottle::Instant::duration>(since));
}

// A local activity's timer may hold the last of a worker that is being stopped.
TEST(SteadyTimers, TheirLastFunctionMayDestroyThem) {
  auto timers = std::make_shared<SteadyTimers>();
  std::promise<void> done;
  SteadyTimers& clock = *timers;
  auto last = std::make_shared<std::shared_ptr<SteadyTimers>>(std::move(timers));
  clock.At(clock.Now(), [&done, last = std::move(last)] {
    last->reset();
    done.set_value();
  });
  EXPECT_EQ(done.get_future().wait_for(seconds(20)), std::future_status::ready);
}

TEST(HeartbeatInterval, FourFifthsOfTheTimeoutWithinBounds) {
  EXPECT_EQ(HeartbeatInterval(seconds(10), seconds(30), seconds(60)), seconds(8));
  EXPECT_EQ(HeartbeatInterval(seconds(0), seconds(30), seconds(60)), seconds(30));
  EXPECT_EQ(HeartbeatInterval(std::chrono::hours(1), seconds(30), seconds(60)), seconds(60));
}

TEST(HeartbeatThrottle, TheFirstGoesOutAtOnce) {
  HeartbeatThrottle throttle(seconds(8));
  EXPECT_TRUE(throttle.Recorded(At(seconds(0))).send_now);
  EXPECT_FALSE(throttle.pending());
}

TEST(HeartbeatThrottle, WhatComesMeanwhileWaitsForTheIntervalsEnd) {
  HeartbeatThrottle throttle(seconds(8));
  throttle.Recorded(At(seconds(0)));
  const auto during = throttle.Recorded(At(seconds(1)));
  EXPECT_FALSE(during.send_now) << "one is under way";
  EXPECT_FALSE(during.wake_at.has_value());
  const auto answered = throttle.Answered(At(seconds(2)));
  EXPECT_FALSE(answered.send_now);
  EXPECT_EQ(answered.wake_at, At(seconds(8)));
  EXPECT_FALSE(throttle.Recorded(At(seconds(3))).wake_at.has_value()) << "one wake-up is enough";
  EXPECT_TRUE(throttle.pending());
  EXPECT_TRUE(throttle.Wake(At(seconds(8))).send_now);
  EXPECT_FALSE(throttle.pending());
}

TEST(HeartbeatThrottle, NothingRecordedNothingSent) {
  HeartbeatThrottle throttle(seconds(8));
  throttle.Recorded(At(seconds(0)));
  const auto answered = throttle.Answered(At(seconds(20)));
  EXPECT_FALSE(answered.send_now);
  EXPECT_FALSE(answered.wake_at.has_value());
}

TEST(HeartbeatThrottle, ASlowAnswerDelaysNothingFurther) {
  HeartbeatThrottle throttle(seconds(8));
  throttle.Recorded(At(seconds(0)));
  throttle.Recorded(At(seconds(1)));
  EXPECT_TRUE(throttle.Answered(At(seconds(9))).send_now);
}

// The attempt may be over before the thread that sends has come to it.
TEST(AttemptHeartbeats, WhatIsRecordedIsSentOrGivenBack) {
  Executor executor(1);
  SteadyTimers timers;
  Payloads details;
  details.add_payloads();
  for (int i = 0; i < 500; ++i) {
    std::atomic<int> sent = 0;
    const auto heartbeats = std::make_shared<AttemptHeartbeats>(
        seconds(30), executor, timers, [&](const Payloads&) { return ++sent, StopReason::kNone; }, [](StopReason) {});
    heartbeats->Record(details);
    const auto unsent = heartbeats->Close();
    ASSERT_EQ(sent + (unsent.has_value() ? 1 : 0), 1) << "round " << i;
  }
}

}  // namespace
}  // namespace temporal::worker
