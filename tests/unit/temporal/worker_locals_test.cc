#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include "temporal/testing/manual_timers.h"
#include "tests/unit/temporal/worker_fixture.h"

// Local activities in a worker: threads, timeouts, retries, heartbeats of the workflow task. The worker's clock is the
// test's.
namespace temporal {
namespace {

namespace enums = api::enums::v1;

constexpr ActivityRef<std::string, std::string> kGreet{"Greet"};
constexpr ActivityRef<Nothing, std::string> kSlow{"Slow"};
constexpr WorkflowRef<Nothing, std::string> kFlow{"Flow"};

class LocalsInWorker : public WorkerFixture {
 protected:
  LocalsInWorker() {
    activities.Add(kGreet,
                   [](ActivityContext&, std::string who) -> absl::StatusOr<std::string> { return "Hello " + who; });
    // Runs until it is let go or told to stop.
    activities.Add(kSlow, [this](ActivityContext& context, Nothing) -> absl::StatusOr<std::string> {
      started_.fetch_add(1);
      started_.notify_all();
      const std::stop_callback on_stop(context.stop_token(), [this] { Stopped(); });
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return released_ || context.cancelled(); });
      if (context.cancelled()) return context.Cancelled();
      return "done";
    });
  }

  WorkerOptions Options() const {
    WorkerOptions options(kQueue);
    options.timers = timers;
    options.deadlock_detection_timeout = 0s;  // has timers, too
    return options;
  }
  void Stopped() {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  // Until the slow activity has begun so often.
  void WaitStarted(int times) {
    for (int seen = started_; seen < times; seen = started_) started_.wait(seen);
  }
  int started() const { return started_; }
  template <class F>
  void Flow(F code) {
    workflows.AddFunction(kFlow, std::move(code));
  }
  absl::StatusOr<std::string> Result() { return client->GetResult(kFlow, "wf", 20s); }
  void ExpectNoFailedTask() {
    EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
    EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), 0);
  }

  std::shared_ptr<testing::ManualTimers> timers = std::make_shared<testing::ManualTimers>();

 private:
  std::atomic<int> started_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
};

class LocalsWithCache : public LocalsInWorker, public ::testing::WithParamInterface<int> {
 protected:
  WorkerOptions Options() const {
    WorkerOptions options = LocalsInWorker::Options();
    options.sticky_cache_size = GetParam();
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(CacheSizes, LocalsWithCache, ::testing::Values(0, 1, 1000));

TEST_P(LocalsWithCache, RunInTheTaskOfTheirWorkflow) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    const std::string one = co_await context.ExecuteLocal(kGreet, "one", LocalActivityOptions(10s));
    co_return one + ", " + co_await context.ExecuteLocal(kGreet, "two", LocalActivityOptions(10s));
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  EXPECT_EQ(*Result(), "Hello one, Hello two");
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_STARTED), 1);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_MARKER_RECORDED), 2);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), 0);
}

TEST_P(LocalsWithCache, LongOnesAreCarriedByHeartbeats) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    co_return co_await context.ExecuteLocal(kSlow, {}, LocalActivityOptions(1h));
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  WaitStarted(1);
  for (int heartbeats = 1; heartbeats <= 3; ++heartbeats) {
    ASSERT_TRUE(timers->WaitForTimers(2));  // of the activity, and of the task that waits for it
    timers->Advance(8s);
    ASSERT_TRUE(service->WaitForCalls("RespondWorkflowTaskCompleted", heartbeats));
  }
  Release();
  EXPECT_EQ(*Result(), "done");
  EXPECT_EQ(started(), 1) << "it went on all the time";
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED), 4);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_MARKER_RECORDED), 1);
  ExpectNoFailedTask();
}

TEST_P(LocalsWithCache, AnEvictedRunRunsThemAgain) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    co_return co_await context.ExecuteLocal(kSlow, {}, LocalActivityOptions(1h));
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  WaitStarted(1);
  ASSERT_TRUE(timers->WaitForTimers(2));
  worker->EvictAll();
  timers->Advance(8s);
  if (GetParam() > 0) WaitStarted(2);
  Release();
  EXPECT_EQ(*Result(), "done");
  ExpectNoFailedTask();
}

TEST_F(LocalsInWorker, FailedAttemptsAreRepeatedInPlace) {
  std::atomic<int> attempts = 0;
  std::atomic<bool> local = false;
  activities.Add(ActivityRef<Nothing, int>("Flaky"), [&](ActivityContext& context, Nothing) -> absl::StatusOr<int> {
    attempts = context.info().attempt;
    local = context.info().is_local;
    if (attempts < 3) return absl::UnavailableError("not yet");
    return context.info().attempt;
  });
  Flow([](Context context, Nothing) -> Task<std::string> {
    const int attempt =
        co_await context.ExecuteLocal(ActivityRef<Nothing, int>("Flaky"), {}, LocalActivityOptions(10s));
    co_return std::to_string(attempt);
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  // Each back-off is a timer beside that of the task; the attempt's own is gone when it has ended.
  for (const int attempt : {1, 2}) {
    ASSERT_TRUE(timers->WaitForTimers(2, /*ever=*/2 * attempt + 1));
    timers->Advance(std::chrono::seconds(attempt));
  }
  EXPECT_EQ(*Result(), "3");
  EXPECT_TRUE(local);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_MARKER_RECORDED), 1);
}

TEST_F(LocalsInWorker, ALongBackOffIsATimerOfTheWorkflow) {
  std::atomic<int> attempts = 0;
  activities.Add(ActivityRef<Nothing, Nothing>("Flaky"), [&](ActivityContext& context, Nothing) -> absl::Status {
    attempts = context.info().attempt;
    return attempts < 2 ? absl::UnavailableError("not yet") : absl::OkStatus();
  });
  Flow([](Context context, Nothing) -> Task<std::string> {
    LocalActivityOptions options(10s);
    options.WithRetry(RetryPolicy().WithInitialInterval(1h)).WithLocalRetryThreshold(10s);
    co_await context.ExecuteLocal(ActivityRef<Nothing, Nothing>("Flaky"), {}, options);
    co_return "ok";
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  ASSERT_TRUE(service->WaitForEvent("wf", enums::EVENT_TYPE_TIMER_STARTED));
  AdvanceWhenIdle(1h);
  EXPECT_EQ(*Result(), "ok");
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_MARKER_RECORDED), 2);
}

// What kind of timeout a local activity with these options ends with.
Task<std::string> TimesOut(Context context, LocalActivityOptions options) {
  try {
    co_await context.ExecuteLocal(kSlow, {}, options);
  } catch (const ActivityError& e) {
    const auto cause = e.cause();
    const auto* timeout = dynamic_cast<const TimeoutError*>(cause.get());
    co_return timeout == nullptr ? e.what() : std::to_string(static_cast<int>(timeout->timeout_type()));
  }
  co_return "none";
}

TEST_F(LocalsInWorker, AnAttemptThatTakesTooLongIsToldToStop) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    LocalActivityOptions options(5s);
    options.WithRetry(RetryPolicy().WithMaximumAttempts(1));
    co_return co_await TimesOut(context, options);
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  WaitStarted(1);
  ASSERT_TRUE(timers->WaitForTimers(2));
  timers->Advance(5s);
  EXPECT_EQ(*Result(), std::to_string(static_cast<int>(TimeoutType::kStartToClose)));
}

TEST_F(LocalsInWorker, AllAttemptsTogetherHaveALimit) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    co_return co_await TimesOut(context, LocalActivityOptions().WithScheduleToClose(5s));
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  WaitStarted(1);
  ASSERT_TRUE(timers->WaitForTimers(2));
  timers->Advance(5s);
  EXPECT_EQ(*Result(), std::to_string(static_cast<int>(TimeoutType::kScheduleToClose)));
}

TEST_F(LocalsInWorker, WaitingForASlotHasALimit) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    const auto first = context.ExecuteLocal(kSlow, {}, LocalActivityOptions(1h));
    LocalActivityOptions options(1h);
    options.WithScheduleToStart(5s);
    const std::string timeout = co_await TimesOut(context, options);
    co_return timeout;
  });
  WorkerOptions options = Options();
  options.max_concurrent_local_activities = 1;
  const auto worker = StartWorker(options);
  Start(kFlow, Nothing());
  WaitStarted(1);
  ASSERT_TRUE(timers->WaitForTimers(3));
  timers->Advance(5s);
  EXPECT_EQ(*Result(), std::to_string(static_cast<int>(TimeoutType::kScheduleToStart)));
}

TEST_F(LocalsInWorker, ACancelledOneIsToldToStop) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    const CancellationScope scope = context.NewScope();
    LocalActivityOptions options(1h);
    options.WithCancellation(ActivityCancellation::kWaitCompleted);
    const auto slow = scope.context().ExecuteLocal(kSlow, {}, options);
    co_await context.ExecuteLocal(kGreet, "x", LocalActivityOptions(10s));
    scope.Cancel();
    try {
      co_await slow;
    } catch (const ActivityError& e) {
      co_return IsCancellation(e) ? "cancelled" : "failed";
    }
    co_return "ended";
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  EXPECT_EQ(*Result(), "cancelled");
}

TEST_F(LocalsInWorker, ShutdownWaitsForThem) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    co_return co_await context.ExecuteLocal(kSlow, {}, LocalActivityOptions(1h));
  });
  auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  WaitStarted(1);
  std::thread stopping([&] { worker->Shutdown(); });
  EXPECT_TRUE(service->WaitForCalls("ShutdownWorker"));
  Release();
  stopping.join();
  EXPECT_EQ(*Result(), "done");
}

TEST_F(LocalsInWorker, ShutdownThatCannotWaitHandsTheRunOn) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    const std::string greeting = co_await context.ExecuteLocal(kGreet, "x", LocalActivityOptions(10s));
    co_return greeting + " " + co_await context.ExecuteLocal(kSlow, {}, LocalActivityOptions(1h));
  });
  WorkerOptions options = Options();
  options.graceful_shutdown = Duration(0);
  auto worker = StartWorker(options);
  Start(kFlow, Nothing());
  WaitStarted(1);
  worker->Shutdown();
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_MARKER_RECORDED), 1) << "what has ended is not lost";
  Release();
  const auto next = StartWorker(Options());
  EXPECT_EQ(*Result(), "Hello x done");
  ExpectNoFailedTask();
}

TEST_F(LocalsInWorker, AnUnknownOneIsAFailureThatAnotherWorkerMayMend) {
  Flow([](Context context, Nothing) -> Task<std::string> {
    LocalActivityOptions options(10s);
    options.WithRetry(RetryPolicy().WithMaximumAttempts(1));
    try {
      co_await context.ExecuteLocal(ActivityRef<Nothing, Nothing>("Unknown"), {}, options);
    } catch (const ActivityError& e) {
      co_return e.type();
    }
    co_return "";
  });
  const auto worker = StartWorker(Options());
  Start(kFlow, Nothing());
  EXPECT_EQ(*Result(), "NotFoundError");
}

}  // namespace
}  // namespace temporal
