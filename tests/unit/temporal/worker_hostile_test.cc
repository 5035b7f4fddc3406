#include <atomic>
#include <thread>

#include "temporal/converter/failure_converter.h"
#include "tests/unit/temporal/worker_fixture.h"

// What a live worker does with types it does not know, with what is too large to be sent, and with being stopped while
// it is busy.
namespace temporal {
namespace {

namespace enums = api::enums::v1;

constexpr ActivityRef<int, int> kDouble{"Double"};
constexpr WorkflowRef<int, int> kFlow{"Flow"};

class HostileWorkerTest : public WorkerFixture {
 protected:
  HostileWorkerTest() {
    workflows.AddFunction(kFlow, [](Context context, int n) -> Task<int> {
      for (int i = 0; i < 3; ++i) n = co_await context.Execute(kDouble, n, ActivityOptions(10s));
      co_return n;
    });
    activities.Add(kDouble, [](ActivityContext&, int n) -> absl::StatusOr<int> { return 2 * n; });
  }
};

TEST_F(HostileWorkerTest, AnUnknownWorkflowTypeFailsTheTaskAndWaitsForAWorkerThatKnowsIt) {
  constexpr WorkflowRef<int, int> kLater{"Later"};
  {
    const auto worker = StartWorker();
    Start(kLater, 1);
    ASSERT_TRUE(service->WaitForEvent("wf", enums::EVENT_TYPE_WORKFLOW_TASK_FAILED));
    const auto history = service->History("wf");
    const auto& failed = history.events(3).workflow_task_failed_event_attributes();
    EXPECT_NE(failed.failure().message().find("'Later' is not registered"), std::string::npos);
    Start(kFlow, 1, "other");
    EXPECT_EQ(*client->GetResult(kFlow, "other", 20s), 8) << "the worker goes on";
  }
  workflows.AddFunction(kLater, [](Context, int n) -> Task<int> { co_return n; });
  const auto worker = StartWorker();
  service->Advance(10s);
  EXPECT_EQ(*client->GetResult(kLater, "wf", 20s), 1);
}

TEST_F(HostileWorkerTest, CommandsTooLargeAreReportedOnceAndTriedAgainAtTheServersPace) {
  service->FailNext("RespondWorkflowTaskCompleted", TooLarge(), 4);
  const auto worker = StartWorker();
  Start(kFlow, 1);
  for (int attempt = 1; attempt <= 4; ++attempt) {
    ASSERT_TRUE(service->WaitForCalls("RespondWorkflowTaskCompleted", attempt));
    EXPECT_LE(service->Calls("RespondWorkflowTaskCompleted"), attempt + 1);
    service->Advance(10s);
  }
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), 8);
  EXPECT_EQ(service->Calls("RespondWorkflowTaskFailed"), 1);
}

TEST_F(HostileWorkerTest, AFailureTooLargeIsToldInShort) {
  constexpr ActivityRef<int, int> kLong{"Long"};
  constexpr WorkflowRef<int, int> kCalls{"Calls"};
  activities.Add(kLong, [](ActivityContext&, int) -> absl::StatusOr<int> {
    return absl::InvalidArgumentError("it begins so" + std::string(5'000'000, 'x'));
  });
  workflows.AddFunction(kCalls, [kLong](Context context, int n) -> Task<int> {
    co_return co_await context.Execute(kLong, n, ActivityOptions(10s));
  });
  service->FailNext("RespondActivityTaskFailed", TooLarge());
  const auto worker = StartWorker();
  Start(kCalls, 1);
  const auto result = client->GetResult(kCalls, "wf", 20s);
  EXPECT_NE(result.status().message().find("it begins so"), std::string::npos);
  EXPECT_LT(result.status().message().size(), 3000u);
  EXPECT_EQ(FailureType(result.status()), "INVALID_ARGUMENT") << "type and retryability are kept";
}

TEST_F(HostileWorkerTest, AnAnswerToAQueryTooLargeIsAnError) {
  constexpr WorkflowRef<Nothing, Nothing> kAsked{"Asked"};
  constexpr QueryRef<Nothing, int> kSeven{"seven"};
  workflows.AddFunction(kAsked, [kSeven](Context context, Nothing) -> Task<Nothing> {
    context.HandleQuery(kSeven, [](Nothing) { return 7; });
    co_await context.Sleep(1h);
    co_return Nothing{};
  });
  const auto worker = StartWorker();
  Start(kAsked, Nothing());
  ASSERT_TRUE(service->WaitIdle());
  service->FailNext("RespondQueryTaskCompleted", TooLarge());
  EXPECT_NE(client->Query("wf", kSeven, Nothing()).status().message().find("larger"), std::string::npos);
  EXPECT_EQ(*client->Query("wf", kSeven, Nothing()), 7);
}

// shutdown_losing_polled_tasks (sdk-go 1197, 2261). The clock stands still: a task that is lost never times out, and
// its workflow never ends.
TEST_F(HostileWorkerTest, ShutdownUnderLoadLosesNoPolledTask) {
  constexpr int kFlows = 150;
  std::atomic<bool> all_started = false;
  std::thread starting([&] {
    for (int i = 0; i < kFlows; ++i) {
      Start(kFlow, i, "flow-" + std::to_string(i));
      service->WaitForCalls("RespondActivityTaskCompleted", i);  // while workers come and go
    }
    all_started = true;
  });
  for (int round = 0; !all_started && round < 100; ++round) {
    const auto worker = StartWorker();
    service->WaitForCalls("RespondActivityTaskCompleted", 5 * (round + 1));
    worker->Shutdown();
  }
  starting.join();
  const auto last = StartWorker();
  for (int i = 0; i < kFlows; ++i) {
    const std::string id = "flow-" + std::to_string(i);
    EXPECT_EQ(*client->GetResult(kFlow, id, 20s), 8 * i);
    EXPECT_EQ(EventCount(id, enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), 0);
    EXPECT_EQ(EventCount(id, enums::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
  }
}

}  // namespace
}  // namespace temporal
