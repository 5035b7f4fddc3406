#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include "tests/unit/temporal/worker_fixture.h"

namespace temporal {
namespace {

constexpr ActivityRef<int, int> kStep{"Step"};
constexpr WorkflowRef<int, int> kFlow{"Flow"};

// Runs kStep with the options given by the test.
struct Flow {
  explicit Flow(Context c) : context(c) {}
  Task<int> Run(int n) { co_return co_await context.Execute(kStep, n, options); }
  static inline ActivityOptions options;
  Context context;
};

class ActivityTest : public WorkerFixture {
 protected:
  ActivityTest() {
    testing::FakeServiceOptions server;
    server.skip_time = true;  // retries come at once
    UseService(server);
    workflows.Add<Flow>(kFlow);
    Flow::options = ActivityOptions(1min);
  }
  absl::StatusOr<int> RunFlow(int n) {
    Start(kFlow, n);
    return client->GetResult(kFlow, "wf", 20s);
  }
};

TEST_F(ActivityTest, RetriesUntilItSucceeds) {
  std::atomic<int> calls = 0;
  activities.Add(kStep, [&](ActivityContext& context, int n) -> absl::StatusOr<int> {
    EXPECT_EQ(context.info().attempt, ++calls);
    EXPECT_EQ(context.info().workflow_id, "wf");
    EXPECT_EQ(context.info().workflow_type, "Flow");
    EXPECT_EQ(context.info().activity_type, "Step");
    EXPECT_EQ(context.info().activity_id, "1");
    EXPECT_EQ(context.info().task_queue, kQueue);
    EXPECT_TRUE(context.info().deadline.has_value());
    if (calls < 4) return absl::UnavailableError("not yet");
    return n + 1;
  });
  const auto worker = StartWorker();
  EXPECT_EQ(*RunFlow(41), 42);
  EXPECT_EQ(calls, 4);
}

TEST_F(ActivityTest, ACodeThatWouldFailAgainIsNotRetried) {
  std::atomic<int> calls = 0;
  activities.Add(kStep, [&](ActivityContext&, int) -> absl::StatusOr<int> {
    ++calls;
    return absl::NotFoundError("no such thing");
  });
  const auto worker = StartWorker();
  const auto result = RunFlow(1);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(result.status().message(), "no such thing");
  EXPECT_EQ(FailureType(result.status()), "NOT_FOUND");
  EXPECT_EQ(calls, 1);
}

TEST_F(ActivityTest, TheHookNamesTheFailure) {
  activities.Add(kStep, [&](ActivityContext&, int) -> absl::StatusOr<int> { return absl::UnavailableError("full"); });
  WorkerOptions options(kQueue);
  options.failure_hook = [](const absl::Status&, FailureAttributes& attributes) {
    attributes.type = "no_capacity";
    attributes.non_retryable = true;
  };
  const auto worker = StartWorker(options);
  EXPECT_EQ(FailureType(RunFlow(1).status()), "no_capacity");
}

TEST_F(ActivityTest, AnExceptionFailsTheAttempt) {
  activities.Add(kStep, [&](ActivityContext&, int) -> absl::StatusOr<int> { throw std::runtime_error("oops"); });
  Flow::options.WithRetry(RetryPolicy().WithMaximumAttempts(2));
  const auto worker = StartWorker();
  const auto thrown = RunFlow(1);
  EXPECT_EQ(thrown.status().code(), absl::StatusCode::kInternal);
  EXPECT_NE(std::string(thrown.status().message()).find("oops"), std::string::npos);
  EXPECT_EQ(service->Calls("RespondActivityTaskFailed"), 2);
}

TEST_F(ActivityTest, AResultTooLargeToSendFailsForGood) {
  activities.Add(kStep, [](ActivityContext&, int n) -> absl::StatusOr<int> { return n; });
  service->FailNext("RespondActivityTaskCompleted", TooLarge());
  const auto worker = StartWorker();
  EXPECT_EQ(FailureType(RunFlow(1).status()), "ResultTooLarge");
}

TEST_F(ActivityTest, InputOfAnotherTypeFailsForGood) {
  activities.AddUntyped("Step", [](ActivityContext&, const Payloads& input) -> absl::StatusOr<Payload> {
    auto text = FromPayloads<std::string>(input);
    return text.status();
  });
  const auto worker = StartWorker();
  EXPECT_EQ(RunFlow(1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ActivityTest, AnUnknownTypeIsRetriedForAnotherWorkersSake) {
  constexpr ActivityRef<int, int> kElse{"SomethingElse"};
  activities.Add(kElse, [](ActivityContext&, int) -> absl::StatusOr<int> { return 0; });
  Flow::options.WithRetry(RetryPolicy().WithMaximumAttempts(2));
  const auto worker = StartWorker();
  const auto result = RunFlow(1);
  EXPECT_EQ(FailureType(result.status()), "NotFoundError");
  EXPECT_EQ(service->Calls("RespondActivityTaskFailed"), 2);
}

// Notes what passes through it.
class Recorder : public ActivityInterceptor {
 public:
  Recorder(std::string name, std::vector<std::string>& log, std::mutex& mutex)
      : name_(name), log_(log), mutex_(mutex) {}
  absl::StatusOr<Payload> Execute(ActivityContext& context, const Payloads&, const Next& next) override {
    Note("start " + std::to_string(context.info().attempt));
    auto outcome = next();
    Note(outcome.ok() ? "ok" : std::string(outcome.status().message()));
    return outcome;
  }

 private:
  void Note(const std::string& what) {
    std::lock_guard lock(mutex_);
    log_.push_back(name_ + " " + what);
  }
  const std::string name_;
  std::vector<std::string>& log_;
  std::mutex& mutex_;
};

TEST_F(ActivityTest, InterceptorsSeeEveryAttemptOutermostFirst) {
  activities.Add(kStep, [](ActivityContext& context, int n) -> absl::StatusOr<int> {
    if (context.info().attempt == 1) return absl::UnavailableError("first");
    return n;
  });
  std::vector<std::string> log;
  std::mutex mutex;
  WorkerOptions options(kQueue);
  options.activity_interceptors = {std::make_shared<Recorder>("outer", log, mutex),
                                   std::make_shared<Recorder>("inner", log, mutex)};
  const auto worker = StartWorker(options);
  EXPECT_TRUE(RunFlow(1).ok());
  const std::vector<std::string> expected = {"outer start 1", "inner start 1", "inner first", "outer first",
                                             "outer start 2", "inner start 2", "inner ok",    "outer ok"};
  std::lock_guard lock(mutex);
  EXPECT_EQ(log, expected);
}

TEST_F(ActivityTest, TheLastHeartbeatReachesTheNextAttemptEvenIfItWasNotSent) {
  activities.Add(kStep, [&](ActivityContext& context, int) -> absl::StatusOr<int> {
    if (context.info().attempt == 1) {
      EXPECT_FALSE(context.LastHeartbeat<int>()->has_value());
      for (int i = 1; i <= 50; ++i) EXPECT_TRUE(context.Heartbeat(i).ok());  // far faster than the throttle
      return absl::UnavailableError("died");
    }
    return **context.LastHeartbeat<int>();
  });
  Flow::options.WithHeartbeat(10s);
  const auto worker = StartWorker();
  EXPECT_EQ(*RunFlow(1), 50);
  EXPECT_LE(service->Calls("RecordActivityTaskHeartbeat"), 2);
}

constexpr SignalRef<Nothing> kStop{"stop"};

// Cancels the step when told to, and waits for what it says.
struct Cancelling {
  explicit Cancelling(Context c) : context(c), stop(c, kStop) {}
  Task<int> Run(int n) {
    const CancellationScope scope = context.NewScope();
    auto step = scope.context().Execute(
        kStep, n, ActivityOptions(1min).WithHeartbeat(300ms).WithCancellation(ActivityCancellation::kWaitCompleted));
    co_await stop.Received();
    scope.Cancel("enough");
    try {
      co_return co_await step;
    } catch (const ActivityError& error) {
      co_return IsCancellation(error) ? -1 : -2;
    }
  }
  Context context;
  SignalChannel<Nothing> stop;
};

class ActivityCancelTest : public ActivityTest {
 protected:
  ActivityCancelTest() {
    UseService({});
    WorkflowRegistry fresh;
    fresh.Add<Cancelling>(kFlow);
    workflows = fresh;
  }
  std::latch running{1};
};

TEST_F(ActivityCancelTest, CancellationComesWithAHeartbeatsAnswer) {
  activities.Add(kStep, [&](ActivityContext& context, int) -> absl::StatusOr<int> {
    running.count_down();
    while (!context.cancelled()) {
      context.Heartbeat();
      context.Sleep(5ms);
    }
    return context.Cancelled();
  });
  const auto worker = StartWorker();
  Start(kFlow, 1);
  running.wait();
  ASSERT_TRUE(client->Signal("wf", kStop, Nothing()).ok());
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), -1);
  EXPECT_EQ(service->Calls("RespondActivityTaskCanceled"), 1);
}

TEST_F(ActivityCancelTest, AnActivityMayFinishAllTheSame) {
  activities.Add(kStep, [&](ActivityContext& context, int) -> absl::StatusOr<int> {
    running.count_down();
    while (!context.cancelled()) {
      context.Heartbeat();
      context.Sleep(5ms);
    }
    return 7;
  });
  const auto worker = StartWorker();
  Start(kFlow, 1);
  running.wait();
  ASSERT_TRUE(client->Signal("wf", kStop, Nothing()).ok());
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), 7);
}

TEST_F(ActivityTest, AnAttemptTheServerGaveUpIsTold) {
  UseService({});
  std::latch given_up(1);
  std::latch running(1);
  activities.Add(kStep, [&](ActivityContext& context, int) -> absl::StatusOr<int> {
    if (context.info().attempt == 2) return 2;
    running.count_down();
    while (!context.cancelled()) {
      context.Heartbeat();
      context.Sleep(5ms);
    }
    given_up.count_down();
    return context.Cancelled();
  });
  Flow::options.WithHeartbeat(300ms);
  const auto worker = StartWorker();
  Start(kFlow, 1);
  running.wait();
  service->Advance(2min);  // past start-to-close
  given_up.wait();
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), 2);
}

TEST_F(ActivityTest, StoppingTheWorkerHandsTheAttemptToAnother) {
  UseService({});
  std::latch running(1);
  activities.Add(kStep, [&](ActivityContext& context, int) -> absl::StatusOr<int> {
    if (context.info().attempt == 2) return 2;
    running.count_down();
    while (!context.cancelled()) context.Sleep(1h);
    return context.Cancelled();
  });
  WorkerOptions options(kQueue);
  options.graceful_shutdown = 0s;
  auto first = StartWorker(options);
  Start(kFlow, 1);
  running.wait();
  first->Shutdown();
  EXPECT_EQ(service->Calls("RespondActivityTaskFailed"), 1) << "retryable: nobody asked the activity to be cancelled";
  const auto second = StartWorker();
  AdvanceWhenIdle(1s);
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), 2);
}

TEST_F(ActivityTest, AnAttemptPastItsDeadlineIsLeftToTheServer) {
  std::latch told(1);
  activities.Add(kStep, [&](ActivityContext& context, int) -> absl::StatusOr<int> {
    while (!context.cancelled()) context.Sleep(1h);
    told.count_down();
    return context.Cancelled();
  });
  Flow::options = ActivityOptions(50ms).WithRetry(RetryPolicy().WithMaximumAttempts(1));
  auto worker = StartWorker();
  Start(kFlow, 1);
  told.wait();
  worker->Shutdown();
  EXPECT_EQ(service->Calls("RespondActivityTaskFailed"), 0);
  const auto second = StartWorker();
  service->Advance(50ms);
  EXPECT_EQ(client->GetResult(kFlow, "wf", 20s).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ActivityTest, TimeoutsNobodyReports) {
  UseService({});
  Flow::options = ActivityOptions(1min).WithScheduleToStart(30s);
  WorkerOptions options(kQueue);
  const auto worker = StartWorker(workflows, ActivityRegistry(), options);  // nobody runs the activity
  Start(kFlow, 1);
  ASSERT_TRUE(service->WaitForEvent("wf", api::enums::v1::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED));
  service->Advance(30s);
  EXPECT_EQ(client->GetResult(kFlow, "wf", 20s).status().code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace temporal
