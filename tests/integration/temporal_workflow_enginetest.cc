#include "temporal/api/history/v1/message.pb.h"
#include "tests/integration/temporal_server.h"

// Workflows on a real Temporal server.
namespace temporal {
namespace {

constexpr ActivityRef<std::string, std::string> kGreet{"Greet"};
constexpr WorkflowRef<std::string, std::string> kHello{"Hello"};
constexpr WorkflowRef<int, int> kCountDown{"CountDown"};
constexpr WorkflowRef<int, int> kParent{"Parent"};
constexpr SignalRef<std::string> kName{"name"};
constexpr QueryRef<Nothing, std::string> kStage{"stage"};

// An activity, a timer, a signal, and a query that tells how far it is.
struct Hello {
  explicit Hello(Context c) : context(c), names(c, kName) {}
  Task<std::string> Run(std::string prefix) {
    const std::string greeting = co_await context.Execute(kGreet, prefix, ActivityOptions(10s));
    co_await context.Sleep(1s);
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

class WorkflowOnServer : public ServerTest {
 protected:
  WorkflowOnServer() {
    workflows.Add<Hello>(kHello).Query(kStage, &Hello::Stage);
    workflows.AddFunction(kCountDown, [](Context context, int left) -> Task<int> {
      if (left > 0) context.ContinueAsNew(left - 1);
      co_return 100;
    });
    workflows.AddFunction(kParent, [](Context context, int n) -> Task<int> {
      const int child =
          co_await context.ExecuteChild(kCountDown, n, ChildOptions(context.info().workflow_id + "/child"));
      co_return child + n;
    });
    activities.Add(kGreet,
                   [](ActivityContext&, std::string who) -> absl::StatusOr<std::string> { return "Hello " + who; });
  }
  std::string Stage(const std::string& id) { return client->Query(id, kStage, Nothing()).value_or("?"); }
};

class WorkflowWithCache : public WorkflowOnServer, public ::testing::WithParamInterface<int> {};

TEST_P(WorkflowWithCache, ActivityTimerSignalQuery) {
  WorkerOptions options = Options();
  options.sticky_cache_size = GetParam();
  const auto worker = StartWorker(workflows, activities, options);
  const std::string one = Start(kHello, std::string("dear"));
  const std::string two = Start(kHello, std::string("dear"));
  for (const std::string& id : {one, two}) {
    while (Stage(id) == "new") continue;
    EXPECT_EQ(Stage(id), "slept");
    ASSERT_TRUE(client->Signal(id, kName, std::string("world")).ok());
    EXPECT_EQ(*client->GetResult(kHello, id, 30s), "Hello dear world");
    EXPECT_EQ(Stage(id), "named");
    const auto history = client->History(id);
    for (const auto& event : history->events()) {
      EXPECT_FALSE(event.has_workflow_task_failed_event_attributes()) << event.ShortDebugString();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(CacheSizes, WorkflowWithCache, ::testing::Values(0, 1, 1000));

TEST_F(WorkflowOnServer, ChildrenAndContinueAsNew) {
  const auto worker = StartWorker();
  EXPECT_EQ(*Run(kCountDown, 3), 100);
  EXPECT_EQ(*Run(kParent, 2), 102);
}

TEST_F(WorkflowOnServer, AnotherWorkerGoesOnWhereOneStopped) {
  auto first = StartWorker();
  const std::string id = Start(kHello, std::string("dear"));
  while (Stage(id) != "slept") continue;
  first.reset();
  const auto second = StartWorker();
  ASSERT_TRUE(client->Signal(id, kName, std::string("again")).ok());
  EXPECT_EQ(*client->GetResult(kHello, id, 30s), "Hello dear again");
}

TEST_F(WorkflowOnServer, ChangedCodeFailsTheTaskAndTheOldCodeGoesOn) {
  auto first = StartWorker();
  const std::string id = Start(kHello, std::string("dear"));
  while (Stage(id) != "slept") continue;
  first.reset();
  WorkflowRegistry changed;
  changed.AddFunction(kHello, [](Context context, std::string) -> Task<std::string> {
    co_await context.Sleep(1s);
    co_return "another order of steps";
  });
  auto second = StartWorker(changed, activities, Options());
  ASSERT_TRUE(client->Signal(id, kName, std::string("x")).ok());
  EXPECT_TRUE(Until(id, [](const WorkflowDescription& d) { return d.pending_workflow_task_attempt.value_or(0) > 1; }));
  second.reset();
  bool reported = false;
  const auto history = client->History(id);
  for (const auto& event : history->events()) {
    reported |= event.workflow_task_failed_event_attributes().cause() ==
                api::enums::v1::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR;
  }
  EXPECT_TRUE(reported);
  const auto third = StartWorker();
  EXPECT_EQ(*client->GetResult(kHello, id, 60s), "Hello dear x");
}

TEST_F(WorkflowOnServer, CancelTerminateAndListings) {
  const auto worker = StartWorker();
  const std::string cancelled = Start(kHello, std::string("dear"));
  const std::string terminated = Start(kHello, std::string("dear"));
  while (Stage(cancelled) != "slept" || Stage(terminated) != "slept") continue;
  ASSERT_TRUE(client->Cancel(cancelled, "test").ok());
  EXPECT_EQ(client->GetResult(kHello, cancelled, 30s).status().code(), absl::StatusCode::kCancelled);
  ASSERT_TRUE(client->Terminate(terminated, "no longer wanted").ok());
  EXPECT_EQ(client->GetResult(kHello, terminated, 30s).status().message(), "no longer wanted");
  EXPECT_EQ(client->Describe(terminated)->summary.status, WorkflowStatus::kTerminated);
  const std::string query = "TaskQueue = '" + queue + "'";
  int64_t listed = 0;
  const auto until = std::chrono::steady_clock::now() + 20s;  // visibility lags
  while (listed < 2 && std::chrono::steady_clock::now() < until) listed = client->Count(query).value_or(0);
  EXPECT_EQ(listed, 2);
  EXPECT_EQ(client->List(query, 10)->workflows.size(), 2u);
  EXPECT_EQ(client->List("no such = syntax", 10).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(WorkflowOnServer, ResetGoesBackToTheLastGoodTask) {
  const auto worker = StartWorker();
  const std::string id = Start(kHello, std::string("dear"));
  while (Stage(id) != "slept") continue;
  const auto before = client->Describe(id);
  const auto run = client->Reset(id, ResetOptions("test").WithRequestId("request-1"));
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_NE(*run, before->summary.run_id);
  ASSERT_TRUE(client->Signal(id, kName, std::string("reset")).ok());
  EXPECT_EQ(*client->GetResult(kHello, id, 30s), "Hello dear reset");
}

TEST_F(WorkflowOnServer, StartingTwice) {
  const std::string id = Start(kHello, std::string("dear"));
  const StartOptions again(id, queue);
  EXPECT_EQ(client->Start(kHello, std::string("x"), again).status().code(), absl::StatusCode::kAlreadyExists);
  auto use = again;
  EXPECT_FALSE(client->Start(kHello, std::string("x"), use.WithConflict(IdConflictPolicy::kUseExisting))->started);
  EXPECT_FALSE(client->SignalWithStart(kHello, std::string("x"), kName, std::string("early"), again)->started);
  const auto worker = StartWorker();
  EXPECT_EQ(*client->GetResult(kHello, id, 30s), "Hello dear early");
}

}  // namespace
}  // namespace temporal
