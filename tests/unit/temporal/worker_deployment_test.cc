#include <map>
#include <mutex>
#include <set>

#include "gmock/gmock.h"
#include "temporal/client/deployments.h"
#include "tests/unit/temporal/counting_transport.h"
#include "tests/unit/temporal/worker_fixture.h"

// Versioned workers on the in-memory Temporal: what they say, and what they get.
namespace temporal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace service = api::workflowservice::v1;
namespace enums = api::enums::v1;

constexpr WorkflowRef<Nothing, std::string> kPinned{"Pinned"};
constexpr WorkflowRef<Nothing, std::string> kMoving{"Moving"};
constexpr WorkflowRef<Nothing, std::string> kParent{"Parent"};
constexpr WorkflowRef<int, std::string> kChain{"Chain"};
constexpr SignalRef<int> kGo{"go"};
constexpr QueryRef<Nothing, std::string> kBuild{"build"};
constexpr ActivityRef<Nothing, std::string> kWhere{"Where"};

// Says under which builds its tasks ran: at the start, and after a signal.
struct Builds {
  explicit Builds(Context c) : ctx(c), go(c, kGo) {}
  Task<std::string> Run() {
    const std::string first = Build();
    co_await go.Received();
    co_return first + " " + Build();
  }
  std::string Build() const { return ctx.current_deployment_version().build_id; }
  Context ctx;
  SignalChannel<int> go;
};

// Continues as new once the server says that it would get another version.
Task<std::string> Chain(Context ctx, int mode) {
  const std::string build = ctx.current_deployment_version().build_id;
  SignalChannel<int> go(ctx, kGo);
  co_await go.Received();
  if (!ctx.target_deployment_version_changed()) co_return build;
  ContinueAsNewOptions options;
  if (mode == 1) options.initial_versioning_behavior = ContinueAsNewVersioningBehavior::kAutoUpgrade;
  ctx.ContinueAsNew(mode, options);
}

// Which workers said what of their version, by method.
class Listening : public Transport {
 public:
  explicit Listening(std::shared_ptr<Transport> below) : below_(std::move(below)) {}
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, const CallOptions& options) override {
    const auto* field = request.GetDescriptor()->FindFieldByName("deployment_options");
    if (field != nullptr) {
      const auto& said = request.GetReflection()->GetMessage(request, field);
      const std::lock_guard lock(mutex_);
      said_[std::string(method)].insert(said.ShortDebugString());
    }
    return below_->Call(method, request, response, options);
  }
  std::map<std::string, std::set<std::string>> said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }

 private:
  const std::shared_ptr<Transport> below_;
  std::mutex mutex_;
  std::map<std::string, std::set<std::string>> said_;
};

WorkerDeploymentVersion Orders(const std::string& build_id) { return WorkerDeploymentVersion("orders", build_id); }

class WorkerDeploymentTest : public WorkerFixture {
 protected:
  WorkerDeploymentTest() {
    workflows.Add<Builds>(kPinned, VersioningBehavior::kPinned).Query(kBuild, &Builds::Build);
    workflows.Add<Builds>(kMoving, VersioningBehavior::kAutoUpgrade).Query(kBuild, &Builds::Build);
    workflows.AddFunction(
        kParent,
        [](Context ctx, Nothing) -> Task<std::string> {
          SignalChannel<int> go(ctx, kGo);
          co_await go.Received();
          const auto child = co_await ctx.StartChild(kPinned, Nothing{}, ChildOptions("child"));
          co_await child.Signal(kGo, 1);
          const std::string where = co_await ctx.Execute(kWhere, Nothing{}, ActivityOptions(10s));
          co_return where + ", " + co_await child.Result();
        },
        VersioningBehavior::kPinned);
    workflows.AddFunction(kChain, Chain, VersioningBehavior::kPinned);
  }

  std::unique_ptr<Worker> WorkerOf(const std::string& build_id) {
    WorkerOptions options(kQueue);
    options.deployment = WorkerDeploymentOptions(Orders(build_id));
    ActivityRegistry here;
    here.Add(kWhere, [build_id](ActivityContext&, Nothing) -> absl::StatusOr<std::string> { return build_id; });
    auto worker = StartWorker(workflows, here, std::move(options));
    polls_ += 4;
    EXPECT_TRUE(service->WaitForPolls(polls_));
    return worker;
  }
  void SetCurrent(const std::string& build_id) {
    const auto change = orders().SetCurrentVersion(SetCurrentVersionOptions(build_id));
    ASSERT_TRUE(change.ok()) << change.status();
  }
  WorkerDeploymentHandle orders() { return WorkerDeploymentClient(*client).GetHandle("orders"); }
  std::string StartAndWait(const WorkflowRef<Nothing, std::string>& workflow, const std::string& id) {
    Start(workflow, Nothing{}, id);
    EXPECT_TRUE(service->WaitForEvent(id, enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED));
    return id;
  }
  template <class Request>
  std::string Finish(const WorkflowRef<Request, std::string>& workflow, const std::string& id) {
    EXPECT_TRUE(client->Signal(id, kGo, 1).ok());
    const auto result = client->GetResult(workflow, id, 20s);
    return result.ok() ? *result : result.status().ToString();
  }
  absl::StatusCode Created(const WorkerOptions& options, const WorkflowRegistry& registry, std::string* message) {
    const auto worker = Worker::Create(client, registry, activities, options);
    *message = std::string(worker.status().message());
    return worker.status().code();
  }

 private:
  int polls_ = 0;
};

TEST_F(WorkerDeploymentTest, PinnedRunsStayAndAutoUpgradingOnesMove) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  StartAndWait(kPinned, "pinned");
  StartAndWait(kMoving, "moving");
  const auto two = WorkerOf("2");
  SetCurrent("2");
  StartAndWait(kPinned, "later");
  EXPECT_EQ(client->Describe("pinned")->versioning->version, Orders("1"));
  EXPECT_EQ(orders().DescribeVersion("1")->status, WorkerDeploymentVersionStatus::kDraining);
  EXPECT_EQ(Finish(kPinned, "pinned"), "1 1");
  EXPECT_EQ(Finish(kMoving, "moving"), "1 2");
  EXPECT_EQ(Finish(kPinned, "later"), "2 2");
  EXPECT_EQ(orders().DescribeVersion("1")->status, WorkerDeploymentVersionStatus::kDrained);
  const auto versioning = client->Describe("moving")->versioning;
  EXPECT_EQ(versioning->behavior, VersioningBehavior::kAutoUpgrade);
  EXPECT_EQ(versioning->version, Orders("2"));
}

TEST_F(WorkerDeploymentTest, WithoutACurrentVersionTheOthersGetTheWork) {
  const auto versioned = WorkerOf("1");
  {
    const auto plain = StartWorker();
    StartAndWait(kMoving, "moving");
  }
  SetCurrent("1");
  EXPECT_EQ(Finish(kMoving, "moving"), " 1");
  EXPECT_TRUE(client->Describe("moving")->versioning);
}

TEST_F(WorkerDeploymentTest, RampingToAll) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  const auto two = WorkerOf("2");
  ASSERT_TRUE(orders().SetRampingVersion(SetRampingVersionOptions("2", 0)).ok());
  StartAndWait(kMoving, "before");
  ASSERT_TRUE(orders().SetRampingVersion(SetRampingVersionOptions("2", 100)).ok());
  StartAndWait(kPinned, "after");
  EXPECT_EQ(Finish(kMoving, "before"), "1 2");
  EXPECT_EQ(Finish(kPinned, "after"), "2 2");
  ASSERT_TRUE(orders().SetRampingVersion(SetRampingVersionOptions()).ok()) << "none";
  StartAndWait(kPinned, "again");
  EXPECT_EQ(Finish(kPinned, "again"), "1 1");
}

TEST_F(WorkerDeploymentTest, AnOverrideCountsBeforeWhatWorkersSay) {
  const auto one = WorkerOf("1");
  const auto two = WorkerOf("2");
  SetCurrent("1");
  const VersioningOverride pinned_to_two = PinnedVersioningOverride(Orders("2"));
  const auto started =
      client->Start(kMoving, Nothing{}, StartOptions("moving", kQueue).WithVersioningOverride(pinned_to_two));
  ASSERT_TRUE(started.ok()) << started.status();
  ASSERT_TRUE(service->WaitForEvent("moving", enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED));
  EXPECT_EQ(client->Describe("moving")->versioning->versioning_override, pinned_to_two);
  EXPECT_EQ(*client->Query("moving", kBuild, Nothing{}), "2");
  // Taken away, it goes where all go.
  const auto now =
      client->UpdateExecutionOptions("moving", WorkflowExecutionOptionsChanges(VersioningOverrideChange()));
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_FALSE(now->versioning_override);
  EXPECT_EQ(Finish(kMoving, "moving"), "2 1");

  StartAndWait(kPinned, "pinned");
  const auto moved = client->UpdateExecutionOptions(
      "pinned", WorkflowExecutionOptionsChanges(VersioningOverrideChange(pinned_to_two)));
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->versioning_override, pinned_to_two);
  EXPECT_EQ(Finish(kPinned, "pinned"), "1 2");

  const VersioningOverride nowhere = PinnedVersioningOverride(Orders("9"));
  EXPECT_FALSE(client->Start(kPinned, Nothing{}, StartOptions("no", kQueue).WithVersioningOverride(nowhere)).ok());
}

TEST_F(WorkerDeploymentTest, ChildrenAndActivitiesOfAPinnedRunAreOfItsVersion) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  StartAndWait(kParent, "parent");
  const auto two = WorkerOf("2");
  SetCurrent("2");
  EXPECT_EQ(Finish(kParent, "parent"), "1, 1 1");
}

TEST_F(WorkerDeploymentTest, AChainOfPinnedRunsMovesWhenItAsksTo) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  Start(kChain, 0, "stays");
  Start(kChain, 1, "moves");
  ASSERT_TRUE(service->WaitIdle());
  const auto two = WorkerOf("2");
  SetCurrent("2");
  for (const char* id : {"stays", "moves"}) ASSERT_TRUE(client->Signal(id, kGo, 1).ok());
  ASSERT_TRUE(service->WaitIdle());
  EXPECT_EQ(Finish(kChain, "moves"), "2");
  EXPECT_EQ(client->Describe("stays")->versioning->version, Orders("1"));
}

TEST_F(WorkerDeploymentTest, ReplayElsewhereKeepsWhatTheCodeSaw) {
  auto one = WorkerOf("1");
  SetCurrent("1");
  StartAndWait(kMoving, "moving");
  const auto two = WorkerOf("2");
  SetCurrent("2");
  EXPECT_EQ(*client->Query("moving", kBuild, Nothing{}), "1") << "the last task was of version 1";
  two->EvictAll();
  EXPECT_EQ(Finish(kMoving, "moving"), "1 2");
  two->EvictAll();
  EXPECT_EQ(*client->Query("moving", kBuild, Nothing{}), "2");
}

TEST_F(WorkerDeploymentTest, WhatTheWorkerSaysOfItself) {
  const auto transport = std::make_shared<Listening>(service);
  client = std::make_shared<Client>(transport);
  const auto one = WorkerOf("1");
  SetCurrent("1");
  StartAndWait(kParent, "parent");
  EXPECT_EQ(Finish(kParent, "parent"), "1, 1 1");
  Start(WorkflowRef<Nothing, Nothing>("Unknown"), Nothing{}, "unknown");
  ASSERT_TRUE(service->WaitForCalls("RespondWorkflowTaskFailed"));
  const std::string versioned =
      R"(deployment_name: "orders" build_id: "1" worker_versioning_mode: WORKER_VERSIONING_MODE_VERSIONED)";
  for (const char* method : {"PollWorkflowTaskQueue", "PollActivityTaskQueue", "RespondWorkflowTaskCompleted",
                             "RespondWorkflowTaskFailed", "RespondActivityTaskCompleted"}) {
    const auto said = transport->said()[method];
    ASSERT_EQ(said.size(), 1U) << method;
    EXPECT_THAT(*said.begin(), HasSubstr(versioned)) << method;
  }
}

TEST_F(WorkerDeploymentTest, TasksComeEagerlyToTheRightVersion) {
  const auto transport = std::make_shared<CountingTransport>(service);
  client = std::make_shared<Client>(transport);
  const auto one = WorkerOf("1");
  SetCurrent("1");
  ASSERT_TRUE(client->Start(kPinned, Nothing{}, StartOptions("eager", kQueue).WithEagerStart()).ok());
  EXPECT_EQ(transport->eager_starts, 1);
  EXPECT_EQ(Finish(kPinned, "eager"), "1 1");
  ASSERT_TRUE(orders().SetCurrentVersion(SetCurrentVersionOptions()).ok()) << "none";
  ASSERT_TRUE(client->Start(kPinned, Nothing{}, StartOptions("elsewhere", kQueue).WithEagerStart()).ok());
  EXPECT_EQ(transport->eager_starts, 1) << "the worker is not of the version that gets new runs";
}

TEST_F(WorkerDeploymentTest, AWorkerThatUsesVersioningHasToSayEverything) {
  std::string message;
  WorkerOptions options(kQueue);
  options.deployment = WorkerDeploymentOptions(Orders("1"));
  workflows.AddFunction(WorkflowRef<int, int>("Forgotten"), [](Context, int n) -> Task<int> { co_return n; });
  EXPECT_EQ(Created(options, workflows, &message), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(message, HasSubstr("Forgotten"));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("Pinned,")));
  options.deployment.default_versioning_behavior = VersioningBehavior::kAutoUpgrade;
  EXPECT_EQ(Created(options, workflows, &message), absl::StatusCode::kOk) << message;
  options.deployment.use_versioning = false;
  EXPECT_EQ(Created(options, workflows, &message), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(message, HasSubstr("default_versioning_behavior"));
  options.deployment.default_versioning_behavior = VersioningBehavior::kUnspecified;
  EXPECT_EQ(Created(options, workflows, &message), absl::StatusCode::kOk) << "only shown";

  for (const WorkerDeploymentVersion& version :
       {WorkerDeploymentVersion("", "1"), WorkerDeploymentVersion("orders", ""), WorkerDeploymentVersion("a.b", "1")}) {
    options.deployment = WorkerDeploymentOptions(version, VersioningBehavior::kPinned);
    EXPECT_EQ(Created(options, workflows, &message), absl::StatusCode::kInvalidArgument) << version.ToString();
  }
}

TEST_F(WorkerDeploymentTest, WithoutVersioningTheVersionIsOnlyShown) {
  WorkerOptions options(kQueue);
  options.deployment.version = Orders("7");
  const auto worker = StartWorker(workflows, activities, options);
  EXPECT_EQ(StartAndWait(kPinned, "pinned"), "pinned");
  EXPECT_EQ(Finish(kPinned, "pinned"), "7 7");
  const auto history = service->History("pinned");
  std::string shown;
  for (const auto& event : history.events()) {
    if (!event.has_workflow_task_completed_event_attributes()) continue;
    const auto& completed = event.workflow_task_completed_event_attributes();
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    shown = completed.worker_deployment_name() + "/" + completed.worker_version().build_id();
#pragma clang diagnostic pop
    EXPECT_EQ(completed.versioning_behavior(), enums::VERSIONING_BEHAVIOR_UNSPECIFIED);
  }
  EXPECT_EQ(shown, "orders/7");
  worker->EvictAll();
  EXPECT_EQ(*client->Query("pinned", kBuild, Nothing{}), "7");
  EXPECT_EQ(orders().Describe().status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace temporal
