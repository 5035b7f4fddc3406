#include <atomic>
#include <latch>
#include <thread>

#include "tests/unit/temporal/worker_fixture.h"

namespace temporal {
namespace {

constexpr ActivityRef<std::string, std::string> kGreet{"Greet"};
constexpr WorkflowRef<std::string, std::string> kHello{"Hello"};
constexpr WorkflowRef<int, int> kCountDown{"CountDown"};
constexpr SignalRef<std::string> kName{"name"};
constexpr QueryRef<Nothing, std::string> kStage{"stage"};

struct Hello {
  explicit Hello(Context c) : context(c), names(c, kName) {}
  Task<std::string> Run(std::string prefix) {
    const std::string greeting = co_await context.Execute(kGreet, prefix, ActivityOptions(10s));
    stage = "greeted";
    co_await context.Sleep(1h);
    stage = "slept";
    const std::string name = co_await names.Received();
    stage = "named";
    co_return greeting + " " + name;
  }
  std::string Stage() const { return stage; }
  Context context;
  SignalChannel<std::string> names;
  std::string stage = "new";
};

class WorkerTest : public WorkerFixture {
 protected:
  WorkerTest() {
    workflows.Add<Hello>(kHello).Query(kStage, &Hello::Stage);
    activities.Add(kGreet,
                   [](ActivityContext&, std::string who) -> absl::StatusOr<std::string> { return "Hello " + who; });
  }
};

class WorkerCacheTest : public WorkerTest, public ::testing::WithParamInterface<Setting> {};

TEST_P(WorkerCacheTest, ActivityTimerSignalAndQueries) {
  const auto worker = StartWorker(GetParam());
  for (const char* id : {"a", "b", "c"}) Start(kHello, std::string("dear"), id);
  AdvanceWhenIdle(1min);
  EXPECT_EQ(*client->Query("a", kStage, Nothing()), "greeted");
  AdvanceWhenIdle(1h);
  ASSERT_TRUE(service->WaitIdle());
  EXPECT_EQ(*client->Query("b", kStage, Nothing()), "slept");
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(client->Signal(id, kName, std::string(id)).ok());
    const auto result = client->GetResult(kHello, id, 20s);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, std::string("Hello dear ") + id);
    EXPECT_EQ(*client->Query(id, kStage, Nothing()), "named") << "a finished workflow still answers";
    EXPECT_EQ(EventCount(id, api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(CacheAndPages, WorkerCacheTest, kSettings);

TEST_F(WorkerTest, AnotherWorkerGoesOnWhereOneStopped) {
  auto first = StartWorker();
  Start(kHello, std::string("dear"));
  ASSERT_TRUE(service->WaitIdle());
  first->Shutdown();
  service->Advance(1h);  // the timer fires while nobody is there
  first.reset();
  const auto second = StartWorker();
  ASSERT_TRUE(client->Signal("wf", kName, std::string("again")).ok());
  EXPECT_EQ(*client->GetResult(kHello, "wf", 20s), "Hello dear again");
}

TEST_F(WorkerTest, EvictedRunsAreReplayed) {
  const auto worker = StartWorker();
  Start(kHello, std::string("dear"));
  ASSERT_TRUE(service->WaitIdle());
  worker->EvictAll();
  service->Advance(1h);
  ASSERT_TRUE(client->Signal("wf", kName, std::string("x")).ok());
  EXPECT_EQ(*client->GetResult(kHello, "wf", 20s), "Hello dear x");
}

TEST_F(WorkerTest, ContinueAsNewIsFollowedToItsResult) {
  workflows.AddFunction(kCountDown, [](Context context, int left) -> Task<int> {
    if (left > 0) context.ContinueAsNew(left - 1);
    co_return 100;
  });
  const auto worker = StartWorker();
  Start(kCountDown, 3);
  EXPECT_EQ(*client->GetResult(kCountDown, "wf", 20s), 100);
  EXPECT_EQ(*client->Count(""), 4);
}

TEST_F(WorkerTest, ChildrenRunOnTheSameQueue) {
  constexpr WorkflowRef<int, int> kParent{"Parent"};
  workflows.AddFunction(kCountDown, [](Context, int n) -> Task<int> { co_return n * 2; });
  workflows.AddFunction(kParent, [kCountDown = kCountDown](Context context, int n) -> Task<int> {
    const int one = co_await context.ExecuteChild(kCountDown, n, ChildOptions("child-1"));
    const int two = co_await context.ExecuteChild(kCountDown, n + 1, ChildOptions("child-2"));
    co_return one + two;
  });
  const auto worker = StartWorker();
  Start(kParent, 5);
  EXPECT_EQ(*client->GetResult(kParent, "wf", 20s), 22);
}

TEST_F(WorkerTest, PollsSurviveAnOutage) {
  service->FailNext("PollWorkflowTaskQueue", absl::UnavailableError("down"), 3);
  service->FailNext("PollActivityTaskQueue", absl::UnavailableError("down"), 3);
  const auto worker = StartWorker();
  Start(kHello, std::string("dear"));
  AdvanceWhenIdle(1h);
  ASSERT_TRUE(client->Signal("wf", kName, std::string("x")).ok());
  EXPECT_TRUE(client->GetResult(kHello, "wf", 20s).ok());
}

TEST_F(WorkerTest, ALostReplyIsRepeatedAfterTheTaskTimesOut) {
  service->FailNext("RespondWorkflowTaskCompleted", absl::UnavailableError("down"));
  const auto worker = StartWorker();
  Start(kHello, std::string("dear"));
  ASSERT_TRUE(service->WaitForCalls("RespondWorkflowTaskCompleted"));
  service->Advance(10s);
  AdvanceWhenIdle(1h);
  ASSERT_TRUE(client->Signal("wf", kName, std::string("x")).ok());
  EXPECT_TRUE(client->GetResult(kHello, "wf", 20s).ok());
  EXPECT_EQ(EventCount("wf", api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), 1);
}

TEST_F(WorkerTest, ATooLargeReplyFailsTheTaskWithItsCause) {
  service->FailNext("RespondWorkflowTaskCompleted", TooLarge());
  const auto worker = StartWorker();
  Start(kHello, std::string("dear"));
  ASSERT_TRUE(service->WaitForEvent("wf", api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_FAILED));
  EXPECT_EQ(service->History("wf").events(3).workflow_task_failed_event_attributes().cause(),
            api::enums::v1::WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE);
  AdvanceWhenIdle(1h);
  ASSERT_TRUE(client->Signal("wf", kName, std::string("x")).ok());
  EXPECT_TRUE(client->GetResult(kHello, "wf", 20s).ok());
}

TEST_F(WorkerTest, ChangedCodeFailsTheTaskAndNotTheWorkflow) {
  auto first = StartWorker();
  Start(kHello, std::string("dear"));
  ASSERT_TRUE(service->WaitIdle());
  first.reset();
  WorkflowRegistry changed;
  changed.AddFunction(kHello, [](Context context, std::string) -> Task<std::string> {
    co_await context.Sleep(1s);
    co_return "another order of steps";
  });
  auto second = StartWorker(changed, activities);
  service->Advance(1h);
  ASSERT_TRUE(service->WaitForEvent("wf", api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_FAILED));
  const auto history = service->History("wf");
  for (const auto& event : history.events()) {
    if (!event.has_workflow_task_failed_event_attributes()) continue;
    const auto& failed = event.workflow_task_failed_event_attributes();
    EXPECT_EQ(failed.cause(), api::enums::v1::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
    EXPECT_NE(failed.failure().message().find("TMPRL1100"), std::string::npos) << failed.failure().message();
  }
  second.reset();
  const auto third = StartWorker();  // the old code again
  service->Advance(10s);
  ASSERT_TRUE(client->Signal("wf", kName, std::string("x")).ok());
  EXPECT_EQ(*client->GetResult(kHello, "wf", 20s), "Hello dear x");
}

TEST_F(WorkerTest, ShutdownWaitsForWhatRuns) {
  std::latch started(1);
  std::promise<void> release;
  auto released = release.get_future().share();
  activities.Add(ActivityRef<std::string, std::string>("Slow"),
                 [&](ActivityContext&, std::string) -> absl::StatusOr<std::string> {
                   started.count_down();
                   released.wait();
                   return "done";
                 });
  constexpr WorkflowRef<Nothing, std::string> kSlow{"SlowFlow"};
  workflows.AddFunction(kSlow, [](Context context, Nothing) -> Task<std::string> {
    co_return co_await context.Execute(ActivityRef<std::string, std::string>("Slow"), "", ActivityOptions(1min));
  });
  auto worker = StartWorker();
  Start(kSlow, Nothing());
  started.wait();
  std::thread stopping([&] { worker->Shutdown(); });
  EXPECT_TRUE(service->WaitForCalls("ShutdownWorker"));
  release.set_value();
  stopping.join();
  EXPECT_EQ(service->Calls("RespondActivityTaskCompleted"), 1);
  const auto next = StartWorker();
  EXPECT_EQ(*client->GetResult(kSlow, "wf", 20s), "done");
}

// sdk-go dropped tasks that its pollers got while the worker stopped.
TEST_F(WorkerTest, ATaskHandedOutDuringShutdownIsNotLost_SdkGo1197_2261) {
  testing::FakeServiceOptions server;
  server.ends_polls_on_shutdown = false;  // a server that leaves polls open until their time is over
  UseService(server);
  WorkerOptions options(kQueue);
  options.poll_timeout = 1s;
  auto worker = StartWorker(options);
  ASSERT_TRUE(service->WaitForPolls(4));
  std::thread stopping([&] { worker->Shutdown(); });
  EXPECT_TRUE(service->WaitForCalls("ShutdownWorker"));
  Start(kHello, std::string("dear"));  // an open poll takes it
  stopping.join();
  EXPECT_EQ(EventCount("wf", api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_STARTED),
            EventCount("wf", api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_COMPLETED));
  const auto next = StartWorker(options);
  AdvanceWhenIdle(1h);
  ASSERT_TRUE(client->Signal("wf", kName, std::string("x")).ok());
  EXPECT_TRUE(client->GetResult(kHello, "wf", 20s).ok());
}

TEST_F(WorkerTest, WhatCannotStartSaysWhy) {
  EXPECT_EQ(Worker::Create(client, workflows, activities, WorkerOptions()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Worker::Create(client, WorkflowRegistry(), ActivityRegistry(), WorkerOptions(kQueue)).status().code(),
            absl::StatusCode::kInvalidArgument);
  const auto stray = std::make_shared<Client>(service, ClientOptions("no-such-namespace"));
  auto worker = Worker::Create(stray, workflows, activities, WorkerOptions(kQueue));
  EXPECT_EQ((*worker)->Start().code(), absl::StatusCode::kNotFound);
  service->FailNext("GetSystemInfo", absl::UnavailableError("down"));
  worker = Worker::Create(client, workflows, activities, WorkerOptions(kQueue));
  EXPECT_EQ((*worker)->Start().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE((*worker)->Start().ok()) << "the next try may work";
  EXPECT_EQ((*worker)->Start().code(), absl::StatusCode::kFailedPrecondition);
  (*worker)->Shutdown();
  (*worker)->Shutdown();
}

}  // namespace
}  // namespace temporal
