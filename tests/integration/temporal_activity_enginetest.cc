#include <atomic>
#include <latch>

#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/converter/failure_converter.h"
#include "tests/integration/temporal_server.h"

// Activities on a real Temporal server.
namespace temporal {
namespace {

constexpr ActivityRef<int, int> kStep{"Step"};
constexpr WorkflowRef<int, int> kFlow{"Flow"};
constexpr WorkflowRef<int, int> kCancelling{"Cancelling"};

// Runs kStep with the options of the test.
struct Flow {
  explicit Flow(Context c) : context(c) {}
  Task<int> Run(int n) { co_return co_await context.Execute(kStep, n, options); }
  static inline ActivityOptions options;
  Context context;
};

// Cancels kStep after a moment and waits for what it says.
struct Cancelling {
  explicit Cancelling(Context c) : context(c) {}
  Task<int> Run(int n) {
    const CancellationScope scope = context.NewScope();
    auto step = scope.context().Execute(
        kStep, n, ActivityOptions(30s).WithHeartbeat(1s).WithCancellation(ActivityCancellation::kWaitCompleted));
    co_await context.Sleep(1s);
    scope.Cancel("enough");
    try {
      co_return co_await step;
    } catch (const ActivityError& error) {
      co_return IsCancellation(error) ? -1 : -2;
    }
  }
  Context context;
};

class ActivityOnServer : public ServerTest {
 protected:
  ActivityOnServer() {
    workflows.Add<Flow>(kFlow);
    workflows.Add<Cancelling>(kCancelling);
    Flow::options = ActivityOptions(30s).WithRetry(
        RetryPolicy().WithInitialInterval(100ms).WithMaximumInterval(200ms).WithMaximumAttempts(4));
  }
  void Step(std::function<absl::StatusOr<int>(ActivityContext&, int)> step) { activities.Add(kStep, std::move(step)); }

  static api::enums::v1::TimeoutType TimeoutOf(const absl::Status& status) {
    Failure failure;
    if (!CarriedFailure(status, &failure)) return api::enums::v1::TIMEOUT_TYPE_UNSPECIFIED;
    const Failure* inner = &failure;
    while (inner->has_cause() && !inner->has_timeout_failure_info()) inner = &inner->cause();
    return inner->timeout_failure_info().timeout_type();
  }
};

TEST_F(ActivityOnServer, RetriesAndTheirCount) {
  std::atomic<int> calls = 0;
  Step([&](ActivityContext& context, int n) -> absl::StatusOr<int> {
    EXPECT_EQ(context.info().attempt, ++calls);
    if (calls < 3) return absl::UnavailableError("not yet");
    return n + 1;
  });
  const auto worker = StartWorker();
  EXPECT_EQ(*Run(kFlow, 41), 42);
  EXPECT_EQ(calls, 3);
}

TEST_F(ActivityOnServer, FailuresKeepTypeCodeAndMessage) {
  Step([](ActivityContext&, int n) -> absl::StatusOr<int> {
    if (n == 1) return absl::NotFoundError("no such thing");
    return absl::UnavailableError("down");
  });
  const auto worker = StartWorker();
  const auto missing = Run(kFlow, 1);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.status().message(), "no such thing");
  const auto exhausted = Run(kFlow, 2);
  EXPECT_EQ(exhausted.status().code(), absl::StatusCode::kUnavailable);
  Failure failure;
  ASSERT_TRUE(CarriedFailure(exhausted.status(), &failure));
  EXPECT_EQ(failure.activity_failure_info().retry_state(), api::enums::v1::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
}

TEST_F(ActivityOnServer, StartToCloseTimeout) {
  Step([](ActivityContext& context, int) -> absl::StatusOr<int> {
    EXPECT_FALSE(context.Sleep(30s)) << "told when its time is over";
    return context.Cancelled();
  });
  Flow::options = ActivityOptions(1s).WithRetry(RetryPolicy().WithMaximumAttempts(1));
  const auto worker = StartWorker();
  EXPECT_EQ(TimeoutOf(Run(kFlow, 1).status()), api::enums::v1::TIMEOUT_TYPE_START_TO_CLOSE);
}

TEST_F(ActivityOnServer, HeartbeatTimeout) {
  std::stop_source over;
  Step([&](ActivityContext& context, int) -> absl::StatusOr<int> {
    context.Heartbeat();
    std::mutex mutex;
    std::condition_variable_any silence;
    std::unique_lock lock(mutex);
    silence.wait_for(lock, over.get_token(), 20s, [] { return false; });
    return 0;
  });
  Flow::options = ActivityOptions(30s).WithHeartbeat(1s).WithRetry(RetryPolicy().WithMaximumAttempts(1));
  const auto worker = StartWorker();
  EXPECT_EQ(TimeoutOf(Run(kFlow, 1).status()), api::enums::v1::TIMEOUT_TYPE_HEARTBEAT);
  over.request_stop();
}

TEST_F(ActivityOnServer, ScheduleToStartTimeout) {
  const auto worker = StartWorker(workflows, ActivityRegistry(), Options());  // nobody runs activities
  Flow::options = ActivityOptions(30s).WithScheduleToStart(1s);
  EXPECT_EQ(TimeoutOf(Run(kFlow, 1).status()), api::enums::v1::TIMEOUT_TYPE_SCHEDULE_TO_START);
}

TEST_F(ActivityOnServer, ScheduleToCloseTimeout) {
  Step([](ActivityContext& context, int) -> absl::StatusOr<int> {
    EXPECT_FALSE(context.Sleep(30s)) << "told when its time is over";
    return context.Cancelled();
  });
  Flow::options = ActivityOptions().WithScheduleToClose(1s);
  const auto worker = StartWorker();
  EXPECT_EQ(TimeoutOf(Run(kFlow, 1).status()), api::enums::v1::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
}

TEST_F(ActivityOnServer, HeartbeatDetailsReachTheNextAttempt) {
  Step([](ActivityContext& context, int) -> absl::StatusOr<int> {
    if (context.info().attempt == 1) {
      for (int i = 1; i <= 20; ++i) EXPECT_TRUE(context.Heartbeat(i).ok());
      return absl::UnavailableError("died");
    }
    return context.LastHeartbeat<int>()->value_or(-1);
  });
  Flow::options.WithHeartbeat(20s);
  const auto worker = StartWorker();
  EXPECT_EQ(*Run(kFlow, 1), 20);
}

TEST_F(ActivityOnServer, CancellationIsSeenThroughHeartbeats) {
  Step([](ActivityContext& context, int) -> absl::StatusOr<int> {
    while (context.Sleep(50ms)) context.Heartbeat();
    return context.Cancelled();
  });
  const auto worker = StartWorker();
  EXPECT_EQ(*Run(kCancelling, 1), -1);
}

TEST_F(ActivityOnServer, StoppingTheWorkerHandsTheAttemptOnAtOnce) {
  std::latch running(1);
  Step([&](ActivityContext& context, int) -> absl::StatusOr<int> {
    if (context.info().attempt > 1) return context.info().attempt;
    running.count_down();
    context.Sleep(60s);
    return context.Cancelled();
  });
  WorkerOptions options = Options();
  options.graceful_shutdown = 0s;
  auto first = StartWorker(workflows, activities, options);
  const std::string id = Start(kFlow, 1);
  running.wait();
  first->Shutdown();
  const auto second = StartWorker();
  EXPECT_EQ(*client->GetResult(kFlow, id, 20s), 2) << "long before start-to-close";
}

TEST_F(ActivityOnServer, AnOperatorSendsABackingOffActivityOffNow) {
  std::atomic<bool> fixed = false;
  Step([&](ActivityContext& context, int) -> absl::StatusOr<int> {
    if (!fixed) return absl::UnavailableError("down");
    return context.info().attempt;
  });
  Flow::options = ActivityOptions(30s).WithRetry(RetryPolicy().WithInitialInterval(1h).WithMaximumInterval(1h));
  const auto worker = StartWorker();
  const std::string id = Start(kFlow, 1);
  ASSERT_TRUE(Until(id, [](const WorkflowDescription& d) {
    return d.pending_activities.size() == 1 && d.pending_activities[0].attempt == 2;
  }));
  const auto description = client->Describe(id);
  const PendingActivity& pending = description->pending_activities[0];
  EXPECT_EQ(pending.type, "Step");
  EXPECT_EQ(pending.last_failure_type, "UNAVAILABLE");
  EXPECT_EQ(pending.last_failure_message, "down");
  EXPECT_TRUE(pending.next_attempt_at.has_value());
  fixed = true;
  ASSERT_TRUE(client->PauseActivity(id, pending.id, "operator").ok());
  ASSERT_TRUE(client->UnpauseActivity(id, pending.id).ok());
  EXPECT_EQ(*client->GetResult(kFlow, id, 30s), 2) << "the count of attempts goes on";
  EXPECT_EQ(client->PauseActivity(id, "999", "none").code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace temporal
