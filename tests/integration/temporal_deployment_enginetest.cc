#include "gmock/gmock.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/client/batch.h"
#include "temporal/client/deployments.h"
#include "tests/integration/temporal_server.h"

// Versions of workers on a real server.
namespace temporal {
namespace {

using ::testing::UnorderedElementsAre;

constexpr WorkflowRef<Nothing, std::string> kPinned{"Pinned"};
constexpr WorkflowRef<Nothing, std::string> kMoving{"Moving"};
constexpr WorkflowRef<int, std::string> kChain{"Chain"};
constexpr SignalRef<int> kGo{"go"};
constexpr QueryRef<Nothing, std::string> kBuild{"build"};
constexpr ActivityRef<Nothing, std::string> kWhere{"Where"};

// Says under which builds its tasks and its activity ran: at the start, and after a signal.
struct Builds {
  explicit Builds(Context c) : ctx(c), go(c, kGo) {}
  Task<std::string> Run() {
    const std::string first = Build();
    co_await go.Received();
    const std::string where = co_await ctx.Execute(kWhere, Nothing{}, ActivityOptions(30s));
    co_return first + " " + Build() + " " + where;
  }
  std::string Build() const { return ctx.current_deployment_version().build_id; }
  Context ctx;
  SignalChannel<int> go;
};

Task<std::string> Chain(Context ctx, int more) {
  SignalChannel<int> go(ctx, kGo);
  co_await go.Received();
  if (more > 0) ctx.ContinueAsNew(more - 1);
  co_return ctx.current_deployment_version().build_id;
}

class DeploymentOnServer : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    workflows.Add<Builds>(kPinned, VersioningBehavior::kPinned).Query(kBuild, &Builds::Build);
    workflows.Add<Builds>(kMoving, VersioningBehavior::kAutoUpgrade).Query(kBuild, &Builds::Build);
    workflows.AddFunction(kChain, Chain, VersioningBehavior::kPinned);
  }

  // Returns when the server knows the version with both its task queues.
  std::unique_ptr<Worker> WorkerOf(const std::string& build_id) {
    WorkerOptions options = Options();
    options.deployment = WorkerDeploymentOptions(Version(build_id));
    ActivityRegistry here;
    here.Add(kWhere, [build_id](ActivityContext&, Nothing) -> absl::StatusOr<std::string> { return build_id; });
    auto worker = StartWorker(workflows, here, std::move(options));
    EXPECT_TRUE(Within20s([&] {
      const auto version = deployment().DescribeVersion(build_id);
      return version.ok() && version->task_queues.size() == 2;
    })) << build_id;
    return worker;
  }
  void SetCurrent(const std::string& build_id) {
    const auto change = deployment().SetCurrentVersion(SetCurrentVersionOptions(build_id));
    ASSERT_TRUE(change.ok()) << change.status();
  }
  // Whose first task has been completed.
  template <class Request>
  std::string StartOn(const std::string& build_id, const WorkflowRef<Request, std::string>& workflow,
                      const Request& request, const StartOptions& options = StartOptions()) {
    StartOptions start = options;
    start.id = "test/" + NewUuid();
    start.task_queue = queue;
    const auto started = client->Start(workflow, request, start);
    EXPECT_TRUE(started.ok()) << started.status();
    EXPECT_TRUE(IsOn(start.id, build_id)) << workflow.name << " on " << build_id;
    return start.id;
  }
  bool IsOn(const std::string& id, const std::string& build_id) {
    return Until(id, [&](const WorkflowDescription& description) {
      return description.versioning && description.versioning->version == Version(build_id) &&
             description.summary.history_length >= 4;
    });
  }
  template <class Request>
  std::string Finish(const WorkflowRef<Request, std::string>& workflow, const std::string& id) {
    EXPECT_TRUE(client->Signal(id, kGo, 1).ok());
    const auto result = client->GetResult(workflow, id, 30s);
    return result.ok() ? *result : result.status().ToString();
  }
  static bool Within20s(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      if (holds()) return true;
    }
    return false;
  }

  WorkerDeploymentVersion Version(const std::string& build_id) const {
    return WorkerDeploymentVersion(deployment_name, build_id);
  }
  WorkerDeploymentHandle deployment() { return WorkerDeploymentClient(*client).GetHandle(deployment_name); }
  const std::string deployment_name = "test-" + NewUuid();
};

TEST_F(DeploymentOnServer, PinnedRunsStayAndAutoUpgradingOnesMove) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  const std::string pinned = StartOn("1", kPinned, Nothing{});
  const std::string moving = StartOn("1", kMoving, Nothing{});
  const auto two = WorkerOf("2");
  SetCurrent("2");
  const std::string later = StartOn("2", kPinned, Nothing{});
  EXPECT_EQ(client->Describe(pinned)->versioning->behavior, VersioningBehavior::kPinned);
  EXPECT_EQ(client->Describe(moving)->versioning->behavior, VersioningBehavior::kAutoUpgrade);
  EXPECT_EQ(Finish(kPinned, pinned), "1 1 1");
  EXPECT_EQ(Finish(kMoving, moving), "1 2 2");
  EXPECT_EQ(Finish(kPinned, later), "2 2 2");

  const auto description = deployment().Describe();
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(description->routing.current_version, Version("2"));
  std::vector<WorkerDeploymentVersion> versions;
  for (const auto& each : description->versions) versions.push_back(each.version);
  EXPECT_THAT(versions, UnorderedElementsAre(Version("1"), Version("2")));
  EXPECT_TRUE(deployment().DescribeVersion("2")->current_since);
  EXPECT_TRUE(deployment().DescribeVersion("1")->drainage);
}

TEST_F(DeploymentOnServer, Ramping) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  const std::string moving = StartOn("1", kMoving, Nothing{});
  const auto two = WorkerOf("2");
  const auto change = deployment().SetRampingVersion(SetRampingVersionOptions("2", 100));
  ASSERT_TRUE(change.ok()) << change.status();
  const auto ramping = deployment().DescribeVersion("2");
  EXPECT_EQ(ramping->ramping_percentage, 100);
  EXPECT_TRUE(ramping->ramping_since);
  const std::string pinned = StartOn("2", kPinned, Nothing{});
  EXPECT_EQ(Finish(kMoving, moving), "1 2 2");
  EXPECT_EQ(Finish(kPinned, pinned), "2 2 2");

  ASSERT_TRUE(deployment().SetRampingVersion(SetRampingVersionOptions()).ok()) << "none";
  EXPECT_FALSE(deployment().Describe()->routing.ramping_version);
  const std::string again = StartOn("1", kPinned, Nothing{});
  EXPECT_EQ(Finish(kPinned, again), "1 1 1");
}

TEST_F(DeploymentOnServer, AnOverrideCountsBeforeWhatWorkersSay) {
  const auto one = WorkerOf("1");
  const auto two = WorkerOf("2");
  SetCurrent("1");
  const VersioningOverride pinned_to_two = PinnedVersioningOverride(Version("2"));
  const std::string moving = StartOn("2", kMoving, Nothing{}, StartOptions().WithVersioningOverride(pinned_to_two));
  EXPECT_EQ(client->Describe(moving)->versioning->versioning_override, pinned_to_two);
  const auto now = client->UpdateExecutionOptions(moving, WorkflowExecutionOptionsChanges(VersioningOverrideChange()));
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_FALSE(now->versioning_override);
  EXPECT_EQ(Finish(kMoving, moving), "2 1 1");

  const std::string pinned = StartOn("1", kPinned, Nothing{});
  const auto moved =
      client->UpdateExecutionOptions(pinned, WorkflowExecutionOptionsChanges(VersioningOverrideChange(pinned_to_two)));
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->versioning_override, pinned_to_two);
  EXPECT_EQ(Finish(kPinned, pinned), "1 2 2");

  const std::string upgrading = StartOn("1", kPinned, Nothing{});
  const VersioningOverride auto_upgrade = AutoUpgradeVersioningOverride();
  ASSERT_TRUE(
      client->UpdateExecutionOptions(upgrading, WorkflowExecutionOptionsChanges(VersioningOverrideChange(auto_upgrade)))
          .ok());
  SetCurrent("2");
  EXPECT_EQ(Finish(kPinned, upgrading), "1 2 2");
}

TEST_F(DeploymentOnServer, ManyRunsAreMovedAtOnce) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  const std::string first = StartOn("1", kPinned, Nothing{});
  const std::string second = StartOn("1", kPinned, Nothing{});
  const auto two = WorkerOf("2");
  BatchOptions both;
  both.executions = {first, second};
  both.reason = "version 1 goes";
  const VersioningOverride to_two = PinnedVersioningOverride(Version("2"));
  const WorkflowExecutionOptionsChanges changes{VersioningOverrideChange(to_two)};
  BatchClient batches(*client);
  absl::StatusOr<std::string> job;
  // Another test's batch may be in the way.
  EXPECT_TRUE(Within20s([&] { return (job = batches.UpdateExecutionOptions(changes, both)).ok(); })) << job.status();
  EXPECT_EQ(batches.Describe(*job)->type, BatchOperationType::kUpdateOptions);
  for (const std::string& id : {first, second}) {
    EXPECT_TRUE(Until(
        id, [&](const WorkflowDescription& d) { return d.versioning && d.versioning->versioning_override == to_two; }));
    EXPECT_EQ(Finish(kPinned, id), "1 2 2");
  }
}

TEST_F(DeploymentOnServer, TheNextRunOfAPinnedOneIsOfTheSameVersion) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  const std::string id = StartOn("1", kChain, 1);
  const auto two = WorkerOf("2");
  SetCurrent("2");
  const std::string first = client->Describe(id)->summary.run_id;
  ASSERT_TRUE(client->Signal(id, kGo, 1).ok());
  ASSERT_TRUE(Until(id, [&](const WorkflowDescription& d) { return d.summary.run_id != first; }));
  EXPECT_EQ(Finish(kChain, id), "1");
}

TEST_F(DeploymentOnServer, QueriesAndReplayKnowTheVersionOfThen) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  const std::string id = StartOn("1", kMoving, Nothing{});
  EXPECT_EQ(*client->Query(id, kBuild, Nothing{}), "1");
  const auto two = WorkerOf("2");
  SetCurrent("2");
  EXPECT_EQ(Finish(kMoving, id), "1 2 2");
  two->EvictAll();
  EXPECT_EQ(*client->Query(id, kBuild, Nothing{}), "2");
}

TEST_F(DeploymentOnServer, ConflictsManagersMetadataAndDeletion) {
  EXPECT_EQ(deployment().Describe().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(deployment().DescribeVersion("1").status().code(), absl::StatusCode::kNotFound);
  auto one = WorkerOf("1");
  const std::string token = deployment().Describe()->conflict_token;
  const auto change = deployment().SetCurrentVersion(SetCurrentVersionOptions("1").WithConflictToken(token));
  ASSERT_TRUE(change.ok()) << change.status();
  const auto late = deployment().SetRampingVersion(SetRampingVersionOptions("", 5).WithConflictToken(token));
  EXPECT_EQ(late.status().code(), absl::StatusCode::kFailedPrecondition) << late.status();
  const auto nobody = deployment().SetCurrentVersion(SetCurrentVersionOptions("9"));
  EXPECT_EQ(nobody.status().code(), absl::StatusCode::kNotFound) << nobody.status();

  ASSERT_TRUE(deployment().SetManagerIdentity("the pipeline").ok());
  EXPECT_EQ(deployment().Describe()->manager_identity, "the pipeline");
  const auto refused = deployment().SetCurrentVersion(SetCurrentVersionOptions());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition) << refused.status();
  ASSERT_TRUE(deployment().BecomeManager().ok());
  EXPECT_EQ(deployment().Describe()->manager_identity, client->options().identity);

  VersionMetadataChanges changes;
  changes.upsert["commit"] = *ToPayload(std::string("1a2b"));
  const auto metadata = deployment().UpdateVersionMetadata("1", changes);
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(*FromPayload<std::string>(deployment().DescribeVersion("1")->metadata.at("commit")), "1a2b");

  const absl::Status in_use = deployment().DeleteVersion("1");
  EXPECT_EQ(in_use.code(), absl::StatusCode::kFailedPrecondition) << in_use;
  EXPECT_FALSE(WorkerDeploymentClient(*client).Delete(deployment_name).ok());
  bool listed = false;
  std::string page_token;
  do {
    const auto page = WorkerDeploymentClient(*client).List(100, page_token);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& each : page->deployments) listed |= each.name == deployment_name;
    page_token = page->next_page_token;
  } while (!page_token.empty());
  EXPECT_TRUE(listed);
}

TEST_F(DeploymentOnServer, WithoutVersioningTheBuildIsOnlyShown) {
  WorkerOptions options = Options();
  options.deployment.version = Version("7");
  activities.Add(kWhere, [](ActivityContext&, Nothing) -> absl::StatusOr<std::string> { return "here"; });
  const auto worker = StartWorker(workflows, activities, options);
  const std::string id = Start(kPinned, Nothing{});
  EXPECT_EQ(Finish(kPinned, id), "7 7 here");
  const auto history = client->History(id);
  ASSERT_TRUE(history.ok());
  std::string shown;
  for (const auto& event : history->events()) {
    if (!event.has_workflow_task_completed_event_attributes()) continue;
    const auto& completed = event.workflow_task_completed_event_attributes();
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    shown = completed.worker_deployment_name() + "/" + completed.worker_version().build_id();
#pragma clang diagnostic pop
    EXPECT_EQ(completed.versioning_behavior(), api::enums::v1::VERSIONING_BEHAVIOR_UNSPECIFIED);
  }
  EXPECT_EQ(shown, deployment_name + "/7");
  worker->EvictAll();
  EXPECT_EQ(*client->Query(id, kBuild, Nothing{}), "7");
}

TEST_F(DeploymentOnServer, AVersionedWorkerStartsEagerly) {
  const auto one = WorkerOf("1");
  SetCurrent("1");
  const std::string id = StartOn("1", kPinned, Nothing{}, StartOptions().WithEagerStart());
  EXPECT_EQ(Finish(kPinned, id), "1 1 1");
}

}  // namespace
}  // namespace temporal
