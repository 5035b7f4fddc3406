#include <semaphore>
#include <thread>

#include "temporal/api/history/v1/message.pb.h"
#include "tests/integration/temporal_server.h"

// Workers of a real server that come and go under load.
namespace temporal {
namespace {

namespace enums = api::enums::v1;

constexpr WorkflowRef<int, int> kFlow{"Busy"};
constexpr ActivityRef<int, int> kDouble{"Double"};

// shutdown_losing_polled_tasks (sdk-go 1197, 2261). A task that is lost is handed out again after its timeout only, and
// that is longer than the test waits.
TEST_F(ServerTest, ShutdownUnderLoadLosesNoPolledTask) {
  constexpr int kFlows = 60;
  std::counting_semaphore done(0);
  workflows.AddFunction(kFlow, [](Context context, int n) -> Task<int> {
    const ActivityOptions once = ActivityOptions(5min).WithRetry(RetryPolicy().WithMaximumAttempts(1));
    for (int i = 0; i < 3; ++i) n = co_await context.Execute(kDouble, n, once);
    co_return n;
  });
  activities.Add(kDouble, [&done](ActivityContext&, int n) -> absl::StatusOr<int> {
    done.release();
    return 2 * n;
  });
  const std::string prefix = "test/" + NewUuid() + "/";
  std::thread starting([&] {
    for (int i = 0; i < kFlows; ++i) {
      StartOptions options(prefix + std::to_string(i), queue);
      options.task_timeout = 2min;
      EXPECT_TRUE(client->Start(kFlow, i, options).ok());
    }
  });
  const auto until = std::chrono::steady_clock::now() + 60s;
  for (int round = 0; round < 5; ++round) {
    const auto worker = StartWorker();
    for (int i = 0; i < 15; ++i) EXPECT_TRUE(done.try_acquire_until(until));
    worker->Shutdown();
  }
  starting.join();
  const auto last = StartWorker();
  for (int i = 0; i < kFlows; ++i) {
    const std::string id = prefix + std::to_string(i);
    const auto result = client->GetResult(kFlow, id, 60s);
    ASSERT_TRUE(result.ok()) << i << ": " << result.status();
    EXPECT_EQ(*result, 8 * i);
    const auto history = client->History(id);
    ASSERT_TRUE(history.ok());
    for (const auto& event : history->events()) {
      EXPECT_NE(event.event_type(), enums::EVENT_TYPE_WORKFLOW_TASK_FAILED) << id;
      EXPECT_NE(event.event_type(), enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT) << id;
    }
  }
}

}  // namespace
}  // namespace temporal
