#include <semaphore>

#include "temporal/client/async_activity.h"
#include "tests/integration/temporal_server.h"

// Activities completed from outside, on a real Temporal server.
namespace temporal {
namespace {

constexpr ActivityRef<int, std::string> kCharge{"Charge"};
constexpr WorkflowRef<int, std::string> kFlow{"Flow"};
constexpr SignalRef<Nothing> kCancel{"cancel"};

class AsyncActivityOnServer : public ServerTest {
 protected:
  AsyncActivityOnServer() {
    activities.Add(kCharge, [this](ActivityContext& context, int) -> absl::StatusOr<std::string> {
      token = context.info().task_token;
      started.release();
      return ResultPending();
    });
    workflows.AddFunction(kFlow, [this](Context context, int n) -> Task<std::string> {
      SignalChannel<Nothing> cancel(context, kCancel);
      const CancellationScope scope = context.NewScope();
      auto charge = scope.context().Execute(kCharge, n, options);
      auto asked = cancel.Received();
      const auto first = co_await AnyOf(asked, charge);
      if (first.index() == 0) scope.Cancel("asked to");
      co_return co_await charge;
    });
  }
  void Begin() {
    worker = StartWorker();
    id = Start(kFlow, 1);
    ASSERT_TRUE(started.try_acquire_for(20s));
  }
  AsyncActivity<int, std::string> ByToken() { return AsyncActivity(*client, kCharge, token); }
  AsyncActivity<int, std::string> ById() { return AsyncActivity(*client, kCharge, id, "1"); }
  // Heartbeats until the answer says so, at most 20 s.
  bool UntilAnswer(const std::function<bool(const HeartbeatAnswer&)>& done) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      const auto answer = ById().Heartbeat();
      if (answer.ok() && done(*answer)) return true;
    }
    return false;
  }

  ActivityOptions options = ActivityOptions(60s)
                                .WithHeartbeat(30s)
                                .WithRetry(RetryPolicy().WithInitialInterval(100ms))
                                .WithCancellation(ActivityCancellation::kWaitCompleted);
  std::counting_semaphore<> started{0};
  std::string token;  // written before `started` is released
  std::string id;
  std::unique_ptr<Worker> worker;
};

TEST_F(AsyncActivityOnServer, CompletedByTokenAndById) {
  Begin();
  ASSERT_TRUE(ByToken().Heartbeat(std::string("half")).ok());
  ASSERT_TRUE(ByToken().Complete("paid").ok());
  EXPECT_EQ(*client->GetResult(kFlow, id, 20s), "paid");
  EXPECT_EQ(ByToken().Complete("twice").code(), absl::StatusCode::kNotFound);
  id = Start(kFlow, 2);
  ASSERT_TRUE(started.try_acquire_for(20s));
  ASSERT_TRUE(ById().Complete("paid too").ok());
  EXPECT_EQ(*client->GetResult(kFlow, id, 20s), "paid too");
}

TEST_F(AsyncActivityOnServer, AFailureIsRetriedUntilItIsFinal) {
  Begin();
  ASSERT_TRUE(ById().Fail(absl::UnavailableError("later")).ok());
  ASSERT_TRUE(started.try_acquire_for(20s)) << "the second attempt";
  ASSERT_TRUE(ByToken().Fail(absl::NotFoundError("no such account")).ok());
  EXPECT_EQ(client->GetResult(kFlow, id, 20s).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(AsyncActivityOnServer, HeartbeatsHearOfCancellation) {
  Begin();
  EXPECT_FALSE(ById().Cancelled().ok()) << "nobody has asked for it";
  ASSERT_TRUE(client->Signal(id, kCancel, Nothing()).ok());
  ASSERT_TRUE(UntilAnswer([](const HeartbeatAnswer& answer) { return answer.cancel_requested; }));
  const absl::Status status = ById().Cancelled(std::string("stopped at 3"));
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(client->GetResult(kFlow, id, 20s).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(AsyncActivityOnServer, HeartbeatsHearOfPauseAndReset) {
  Begin();
  ASSERT_TRUE(client->PauseActivity(id, "1", "test").ok());
  EXPECT_TRUE(UntilAnswer([](const HeartbeatAnswer& answer) { return answer.paused; }));
  ASSERT_TRUE(client->UnpauseActivity(id, "1").ok());
  ASSERT_TRUE(client->ResetActivity(id, "1").ok());
  EXPECT_TRUE(UntilAnswer([](const HeartbeatAnswer& answer) { return answer.reset; }));
  ASSERT_TRUE(client->Terminate(id, "test").ok());
}

}  // namespace
}  // namespace temporal
