#include "temporal/client/async_activity.h"

#include <mutex>
#include <semaphore>

#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/converter/failure_converter.h"
#include "tests/unit/temporal/worker_fixture.h"

// Activities that are completed from outside.
namespace temporal {
namespace {

constexpr ActivityRef<int, std::string> kCharge{"Charge"};
constexpr WorkflowRef<int, std::string> kFlow{"Flow"};

class AsyncActivityTest : public WorkerFixture {
 protected:
  AsyncActivityTest() {
    activities.Add(kCharge, [this](ActivityContext& context, int) -> absl::StatusOr<std::string> {
      const std::lock_guard lock(mutex);
      token = context.info().task_token;
      started.release();
      const auto last = context.LastHeartbeat<std::string>();
      if (last.ok() && last->has_value()) return "went on from " + **last;
      for (const std::string& details : said) EXPECT_TRUE(context.Heartbeat(details).ok());
      return ResultPending();
    });
    workflows.AddFunction(kFlow, [this](Context context, int n) -> Task<std::string> {
      const CancellationScope scope = context.NewScope();
      auto charge = scope.context().Execute(kCharge, n, options);
      if (cancel_after > Duration(0)) {
        co_await context.Sleep(cancel_after);
        scope.Cancel("enough");
      }
      co_return co_await charge;
    });
  }

  // Starts the workflow, and waits until its activity has begun.
  void Begin(WorkerOptions worker_options = WorkerOptions(kQueue)) {
    worker = StartWorker(worker_options);
    Start(kFlow, 1);
    ASSERT_TRUE(started.try_acquire_for(20s));
  }
  AsyncActivity<int, std::string> ByToken() {
    const std::lock_guard lock(mutex);
    return AsyncActivity(*client, kCharge, token);
  }
  AsyncActivity<int, std::string> ById(const std::string& id = "1") {
    return AsyncActivity(*client, kCharge, "wf", id);
  }
  absl::StatusOr<std::string> Result() { return client->GetResult(kFlow, "wf", 20s); }

  ActivityOptions options = ActivityOptions(1h).WithHeartbeat(10min);
  Duration cancel_after{0};
  std::vector<std::string> said;  // what the activity heartbeats
  std::counting_semaphore<> started{0};
  std::mutex mutex;
  std::string token;
  std::unique_ptr<Worker> worker;
};

TEST_F(AsyncActivityTest, CompletedByToken) {
  Begin();
  ASSERT_TRUE(ByToken().Complete("paid").ok());
  EXPECT_EQ(*Result(), "paid");
  worker->Shutdown();
  EXPECT_EQ(service->Calls("RespondActivityTaskCompleted"), 1) << "the worker says nothing";
  EXPECT_EQ(service->Calls("RespondActivityTaskFailed"), 0);
}

TEST_F(AsyncActivityTest, CompletedById) {
  Begin();
  ASSERT_TRUE(ById().Complete("paid").ok());
  EXPECT_EQ(*Result(), "paid");
  EXPECT_EQ(service->Calls("RespondActivityTaskCompletedById"), 1);
}

TEST_F(AsyncActivityTest, TheSlotIsFree) {
  WorkerOptions one(kQueue);
  one.max_concurrent_activities = 1;
  Begin(one);
  Start(kFlow, 1, "other");
  EXPECT_TRUE(started.try_acquire_for(20s)) << "another activity runs while the first is pending";
  EXPECT_TRUE(AsyncActivity(*client, kCharge, "wf", "1").Complete("first").ok());
  EXPECT_TRUE(AsyncActivity(*client, kCharge, "other", "1").Complete("second").ok());
  EXPECT_EQ(*Result(), "first");
}

TEST_F(AsyncActivityTest, AFailureIsRetriedAsThePolicySaysWithItsDetails) {
  Begin();
  ASSERT_TRUE(ByToken().Fail(absl::UnavailableError("later"), std::string("half")).ok());
  AdvanceWhenIdle(1s);
  EXPECT_EQ(*Result(), "went on from half");
}

TEST_F(AsyncActivityTest, AFailureThatIsFinalIsTheWorkflows) {
  Begin();
  ASSERT_TRUE(ById().Fail(absl::NotFoundError("no such account")).ok());
  const auto result = Result();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FailureType(result.status()), "NOT_FOUND");
}

TEST_F(AsyncActivityTest, TheClientsHookNamesTheFailure) {
  ClientOptions hooked;
  hooked.failure_hook = [](const absl::Status&, FailureAttributes& attributes) {
    attributes.type = "declined";
    attributes.non_retryable = true;
  };
  client = std::make_shared<Client>(service, hooked);
  Begin();
  ASSERT_TRUE(ById().Fail(absl::UnavailableError("no")).ok());
  EXPECT_EQ(FailureType(Result().status()), "declined");
}

TEST_F(AsyncActivityTest, OkIsNoFailure) {
  Begin();
  EXPECT_EQ(ById().Fail(absl::OkStatus()).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(AsyncActivityTest, HeartbeatsFromOutsideKeepItAliveAndHearOfCancellation) {
  options.WithCancellation(ActivityCancellation::kWaitCompleted);
  cancel_after = 12min;
  Begin();
  EXPECT_FALSE(ByToken().Cancelled().ok()) << "nobody has asked for it";
  ASSERT_TRUE(service->WaitIdle(/*activities_too=*/false));
  service->Advance(8min);
  const auto alive = ByToken().Heartbeat();
  ASSERT_TRUE(alive.ok()) << alive.status();
  EXPECT_FALSE(alive->cancel_requested);
  service->Advance(8min);  // past the heartbeat timeout, were it not for that heartbeat
  ASSERT_TRUE(service->WaitForEvent("wf", api::enums::v1::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED));
  const auto cancelled = ById().Heartbeat(std::string("at 16"));
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_TRUE(cancelled->cancel_requested);
  ASSERT_TRUE(ById().Cancelled().ok());
  EXPECT_EQ(Result().status().code(), absl::StatusCode::kCancelled);
}

TEST_F(AsyncActivityTest, SilenceTimesOutAndTheNextAttemptKnowsWhatTheLastSaid) {
  said = {"one", "two", "three"};  // the later ones are held back while the attempt runs
  options.WithRetry(RetryPolicy().WithMaximumAttempts(2));
  WorkerOptions one(kQueue);
  one.max_concurrent_activities = 1;
  Begin(one);
  ASSERT_TRUE(service->WaitForPolls(3)) << "for an activity again: the attempt has returned";
  const auto first = ByToken();
  service->Advance(10min);
  service->Advance(1s);
  EXPECT_EQ(*Result(), "went on from three");
  auto late = first;
  EXPECT_EQ(late.Complete("too late").code(), absl::StatusCode::kNotFound);
}

TEST_F(AsyncActivityTest, WhatIsNotThereIsNotFound) {
  Begin();
  EXPECT_EQ(ById("7").Complete("x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(AsyncActivity(*client, kCharge, "nobody", "1").Heartbeat().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(AsyncActivity(*client, kCharge, "no token").Complete("x").code(), absl::StatusCode::kNotFound);
}

TEST_F(AsyncActivityTest, ALocalActivityCannotBePending) {
  constexpr WorkflowRef<int, std::string> kLocal{"Local"};
  workflows.AddFunction(kLocal, [](Context context, int n) -> Task<std::string> {
    co_return co_await context.ExecuteLocal(kCharge, n, LocalActivityOptions(1min));
  });
  worker = StartWorker();
  Start(kLocal, 1);
  EXPECT_EQ(client->GetResult(kLocal, "wf", 20s).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace temporal
