#include <latch>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/core/history/local_activity_marker.h"
#include "temporal/testing/replayer.h"
#include "tests/integration/temporal_server.h"

// Local activities on a real Temporal server.
namespace temporal {
namespace {

constexpr ActivityRef<int, int> kDouble{"Double"};
constexpr WorkflowRef<int, int> kFlow{"LocalFlow"};
constexpr WorkflowRef<int, int> kLong{"LongLocalFlow"};
constexpr QueryRef<Nothing, int> kStep{"step"};

class LocalsOnServer : public ServerTest, public ::testing::WithParamInterface<int> {
 protected:
  LocalsOnServer() {
    activities.Add(kDouble, [](ActivityContext&, int n) -> absl::StatusOr<int> { return 2 * n; });
    // Some one after the other, then a timer, so that a later task needs their results again.
    workflows.AddFunction(kFlow, [](Context context, int n) -> Task<int> {
      n = co_await context.ExecuteLocal(kDouble, n, LocalActivityOptions(10s));
      n = co_await context.ExecuteLocal(kDouble, n, LocalActivityOptions(10s));
      co_await context.Sleep(1s);
      co_return co_await context.ExecuteLocal(kDouble, n, LocalActivityOptions(10s));
    });
  }
  std::unique_ptr<Worker> StartWorker() {
    WorkerOptions options = Options();
    options.sticky_cache_size = GetParam();
    return ServerTest::StartWorker(workflows, activities, options);
  }
  int Count(const std::string& id, api::enums::v1::EventType type) {
    int count = 0;
    const auto history = client->History(id);
    for (const auto& event : history->events()) count += event.event_type() == type;
    return count;
  }
};
INSTANTIATE_TEST_SUITE_P(CacheSizes, LocalsOnServer, ::testing::Values(0, 1, 1000));

TEST_P(LocalsOnServer, RunInTheTasksOfTheirWorkflow) {
  const auto worker = StartWorker();
  const std::string id = Start(kFlow, 1);
  const auto result = client->GetResult(kFlow, id, 30s);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, 8);
  EXPECT_EQ(Count(id, api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_COMPLETED), 2);
  EXPECT_EQ(Count(id, api::enums::v1::EVENT_TYPE_MARKER_RECORDED), 3);
  const auto shown = Cli("workflow show --output json --workflow-id " + id);
  if (!shown) return;
  const auto history = testing::ParseHistoryJson(*shown);
  ASSERT_TRUE(history.ok()) << *shown;
  std::vector<std::string> ended;
  for (const auto& event : history->events()) {
    if (!core::IsLocalActivityMarker(event)) continue;
    const auto marker = core::LocalActivityMarkerOf(event);
    ended.push_back(marker->activity_type + " " + marker->result->data());
  }
  EXPECT_EQ(ended, (std::vector<std::string>{"Double 2", "Double 4", "Double 8"})) << *shown;
  EXPECT_EQ(testing::Replayer(workflows).Replay(*history), absl::OkStatus());
}

TEST_P(LocalsOnServer, LongOnesAreCarriedByHeartbeatsAndTheRunCanBeAsked) {
  std::latch release(1);
  std::atomic<int> started = 0;
  activities.Add(ActivityRef<Nothing, int>("Long"), [&](ActivityContext&, Nothing) -> absl::StatusOr<int> {
    ++started;
    release.wait();
    return 7;
  });
  workflows.AddFunction(kLong, [](Context context, int n) -> Task<int> {
    int step = 1;
    context.HandleQuery(kStep, [&step] { return step; });
    const int end = co_await context.ExecuteLocal(ActivityRef<Nothing, int>("Long"), {}, LocalActivityOptions(1min));
    step = 2;
    co_return end + n;
  });
  const auto worker = StartWorker();
  StartOptions start("test/" + NewUuid(), queue);
  start.task_timeout = 1s;
  ASSERT_TRUE(client->Start(kLong, 1, start).ok());
  const std::string& id = start.id;
  const auto until = std::chrono::steady_clock::now() + 30s;
  const auto heartbeats = [&] { return Count(id, api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_COMPLETED); };
  while (heartbeats() < 2 && std::chrono::steady_clock::now() < until) continue;
  EXPECT_EQ(client->Query(id, kStep, Nothing()).value_or(0), 1);
  release.count_down();
  const auto result = client->GetResult(kLong, id, 30s);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, 8);
  EXPECT_GE(heartbeats(), 3);
  EXPECT_EQ(Count(id, api::enums::v1::EVENT_TYPE_MARKER_RECORDED), 1);
  EXPECT_EQ(Count(id, api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
  if (Count(id, api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT) == 0) EXPECT_EQ(started, 1);
}

}  // namespace
}  // namespace temporal
