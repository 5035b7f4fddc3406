#include <future>
#include <latch>
#include <thread>

#include "tests/unit/temporal/counting_transport.h"
#include "tests/unit/temporal/worker_fixture.h"

namespace temporal {
namespace {

constexpr ActivityRef<int, int> kStep{"Step"};
constexpr WorkflowRef<int, int> kFan{"Fan"};
constexpr WorkflowRef<int, int> kQuick{"Quick"};

// What the activities of the workflow are run with; set before it starts.
ActivityOptions step_options;

class WorkerEagerTest : public WorkerFixture {
 protected:
  WorkerEagerTest() {
    step_options = ActivityOptions(10s);
    UseEager(true);
    workflows.AddFunction(kFan, [](Context context, int n) -> Task<int> {
      std::vector<Future<int>> steps;
      for (int i = 0; i < n; ++i) steps.push_back(context.Execute(kStep, i, step_options));
      int sum = 0;
      for (const auto& step : steps) sum += co_await step;
      co_return sum;
    });
    workflows.AddFunction(kQuick, [](Context, int n) -> Task<int> { co_return n + 1; });
    activities.Add(kStep, [](ActivityContext&, int n) -> absl::StatusOr<int> { return n; });
  }

  void UseEager(bool enabled) {
    testing::FakeServiceOptions server;
    server.eager_activities = server.eager_workflow_start = enabled;
    service = std::make_shared<testing::FakeService>(server);
    transport = std::make_shared<CountingTransport>(service);
    client = std::make_shared<Client>(transport);
  }

  absl::StatusOr<int> StartEagerly(const std::string& id, const std::string& queue = kQueue) {
    const auto started = client->Start(kQuick, 1, StartOptions(id, queue).WithEagerStart());
    if (!started.ok()) return started.status();
    return client->GetResult(kQuick, id, 20s);
  }

  std::shared_ptr<CountingTransport> transport;
};

TEST_F(WorkerEagerTest, ActivitiesComeWithTheAnswerToTheirTask) {
  const auto worker = StartWorker();
  Start(kFan, 2);
  EXPECT_EQ(*client->GetResult(kFan, "wf", 20s), 1);
  EXPECT_EQ(transport->requested, 2);
  EXPECT_EQ(transport->granted, 2);
}

TEST_F(WorkerEagerTest, AtMostThreeOfOneTask) {
  const auto worker = StartWorker();
  Start(kFan, 10);
  EXPECT_EQ(*client->GetResult(kFan, "wf", 20s), 45);
  EXPECT_EQ(transport->granted, 3);
}

TEST_F(WorkerEagerTest, SlotsNotGrantedAreGivenBack) {
  UseEager(false);
  WorkerOptions options(kQueue);
  options.max_concurrent_activities = 4;  // of which the pollers hold two
  const auto worker = StartWorker(options);
  for (int i = 0; i < 10; ++i) {
    const std::string id = Start(kFan, 1, std::to_string(i));
    EXPECT_EQ(*client->GetResult(kFan, id, 20s), 0);
  }
  EXPECT_GT(transport->requested, 4) << "asked for again and again, so that they were given back";
  EXPECT_EQ(transport->granted, 0);
}

TEST_F(WorkerEagerTest, SlotsOfAReplyThatIsLostAreGivenBack) {
  WorkerOptions options(kQueue);
  options.max_concurrent_activities = 4;  // of which the pollers hold two
  const auto worker = StartWorker(options);
  service->FailNext("RespondWorkflowTaskCompleted", absl::NotFoundError("gone"), 5);
  Start(kFan, 1);
  for (int lost = 1; lost <= 5; ++lost) {
    ASSERT_TRUE(service->WaitForCalls("RespondWorkflowTaskCompleted", lost));
    service->Advance(10s);  // the task times out
  }
  EXPECT_EQ(*client->GetResult(kFan, "wf", 20s), 0);
  for (int i = 0; i < 50 && transport->granted == 0; ++i) {  // a slot comes back a moment after the answer
    const std::string id = Start(kFan, 1, std::to_string(i));
    EXPECT_EQ(*client->GetResult(kFan, id, 20s), 0);
  }
  EXPECT_GT(transport->granted, 0);
}

TEST_F(WorkerEagerTest, OnlyWhatMayRunHereIsAskedFor) {
  const auto other = StartWorker(WorkflowRegistry(), activities, WorkerOptions("other"));
  const auto worker = StartWorker();
  step_options.WithTaskQueue("other");
  Start(kFan, 1, "elsewhere");
  EXPECT_EQ(*client->GetResult(kFan, "elsewhere", 20s), 0);
  step_options = ActivityOptions(10s);
  step_options.disable_eager_execution = true;
  Start(kFan, 1, "declined");
  EXPECT_EQ(*client->GetResult(kFan, "declined", 20s), 0);
  EXPECT_EQ(transport->requested, 0);
}

TEST_F(WorkerEagerTest, AWorkerWithoutActivitiesAsksForNone) {
  const auto activity_worker = StartWorker(WorkflowRegistry(), activities);
  const auto workflow_worker = StartWorker(workflows, ActivityRegistry());
  Start(kFan, 2);
  EXPECT_EQ(*client->GetResult(kFan, "wf", 20s), 1);
  EXPECT_EQ(transport->requested, 0);
}

TEST_F(WorkerEagerTest, TheWorkersOptionsLimitIt) {
  WorkerOptions options(kQueue);
  options.max_concurrent_eager_activities = 1;
  auto worker = StartWorker(options);
  Start(kFan, 3, "one");
  EXPECT_EQ(*client->GetResult(kFan, "one", 20s), 3);
  EXPECT_EQ(transport->granted, 1);
  for (int i = 0; i < 50 && transport->granted < 2; ++i) {  // a slot comes back a moment after the result
    Start(kFan, 3, std::to_string(i));
    EXPECT_EQ(*client->GetResult(kFan, std::to_string(i), 20s), 3);
  }
  EXPECT_EQ(transport->granted, 2);
  worker.reset();
  options.disable_eager_activities = true;
  worker = StartWorker(options);
  Start(kFan, 3, "off");
  EXPECT_EQ(*client->GetResult(kFan, "off", 20s), 3);
  EXPECT_EQ(transport->granted, 2);
}

TEST_F(WorkerEagerTest, AWorkerThatStopsAsksForNoneAndFinishesThoseItHas) {
  std::latch running(1);
  std::promise<void> go;
  const auto gone = go.get_future().share();
  activities.Add(ActivityRef<int, int>("Held"), [&](ActivityContext&, int n) -> absl::StatusOr<int> {
    running.count_down();
    gone.wait();
    return n;
  });
  const WorkflowRef<int, int> flow("Held");
  workflows.AddFunction(flow, [](Context context, int n) -> Task<int> {
    co_await context.ExecuteLocal(ActivityRef<int, int>("Held"), n, LocalActivityOptions(1min));
    co_return co_await context.Execute(kStep, n, ActivityOptions(10s));
  });
  auto worker = StartWorker();
  Start(flow, 7);
  running.wait();
  std::thread stopping([&] { worker->Shutdown(); });
  EXPECT_TRUE(service->WaitForCalls("ShutdownWorker"));
  go.set_value();  // the task goes on, and schedules the activity while the worker stops
  stopping.join();
  EXPECT_EQ(transport->requested, 0);
  EXPECT_EQ(EventCount("wf", api::enums::v1::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED), 1);
  const auto next = StartWorker();
  EXPECT_EQ(*client->GetResult(flow, "wf", 20s), 7);
}

TEST_F(WorkerEagerTest, AWorkflowStartsWithTheAnswerToItsStart) {
  const auto worker = StartWorker();
  EXPECT_EQ(*StartEagerly("wf"), 2);
  EXPECT_EQ(transport->eager_starts, 1);
}

TEST_F(WorkerEagerTest, AnEagerStartFallsBack) {
  {
    const auto worker = StartWorker();
    ASSERT_TRUE(client->Start(kQuick, 1, StartOptions("elsewhere", "other").WithEagerStart()).ok());
    EXPECT_EQ(transport->eager_starts, 0) << "no worker of that task queue in this process";
    const auto other = StartWorker(workflows, activities, WorkerOptions("other"));
    EXPECT_EQ(*client->GetResult(kQuick, "elsewhere", 20s), 2);
  }
  {
    const auto activity_worker = StartWorker(WorkflowRegistry(), activities);
    ASSERT_TRUE(client->Start(kQuick, 1, StartOptions("stopped", kQueue).WithEagerStart()).ok());
    EXPECT_EQ(transport->eager_starts, 0) << "the worker of workflows has stopped";
  }
  const auto worker = StartWorker();
  EXPECT_EQ(*client->GetResult(kQuick, "stopped", 20s), 2);
  service->FailNext("StartWorkflowExecution", absl::AlreadyExistsError("running"), 20);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(StartEagerly("failed").ok());
  EXPECT_EQ(*StartEagerly("wf"), 2);
  EXPECT_EQ(transport->eager_starts, 1) << "the slots of the failed ones came back";
}

TEST_F(WorkerEagerTest, AServerThatCannotStartEagerlyIsNotAsked) {
  UseEager(false);
  const auto worker = StartWorker();
  EXPECT_EQ(*StartEagerly("wf"), 2);
  EXPECT_EQ(transport->eager_starts, 0);
}

TEST_F(WorkerEagerTest, AnEagerStartWithoutAFreeSlotIsAnOrdinaryOne) {
  std::latch running(2);
  std::promise<void> go;
  const auto gone = go.get_future().share();
  workflows.AddFunction(WorkflowRef<int, int>("Blocking"), [&](Context context, int n) -> Task<int> {
    co_return co_await context.ExecuteLocal(ActivityRef<int, int>("Wait"), n, LocalActivityOptions(1min));
  });
  activities.Add(ActivityRef<int, int>("Wait"), [&](ActivityContext&, int n) -> absl::StatusOr<int> {
    running.count_down();
    gone.wait();
    return n;
  });
  WorkerOptions options(kQueue);
  options.max_concurrent_workflow_tasks = 3;  // of which the sticky poller holds one
  const auto worker = StartWorker(options);
  const WorkflowRef<int, int> blocking("Blocking");
  Start(blocking, 1, "one");
  Start(blocking, 2, "two");
  running.wait();
  ASSERT_TRUE(client->Start(kQuick, 1, StartOptions("wf", kQueue).WithEagerStart()).ok());
  EXPECT_EQ(transport->eager_starts, 0);
  go.set_value();
  EXPECT_EQ(*client->GetResult(kQuick, "wf", 20s), 2);
}

}  // namespace
}  // namespace temporal
