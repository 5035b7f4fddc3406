#include "tests/unit/temporal/core/harness.h"

// What code learns of the version of its worker, and of the server's hints; what goes into the replies.
namespace temporal::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr SignalRef<int> kNext{"next"};
constexpr QueryRef<Nothing, Text> kVersion{"version"};
const WorkerDeploymentVersion kOld("orders", "1");
const WorkerDeploymentVersion kNew("orders", "2");

// Notes the version at its start and after each of two signals.
struct Notes {
  explicit Notes(Context c) : ctx(c), next(c, kNext) {}
  Task<Text> Run() {
    Text all = Now();
    for (int i = 0; i < 2; ++i) {
      co_await next.Received();
      all += " " + Now();
    }
    co_return all;
  }
  Text Now() const {
    const WorkerDeploymentVersion& version = ctx.current_deployment_version();
    return version.empty() ? "none" : version.ToString();
  }
  Context ctx;
  SignalChannel<int> next;
};

WorkflowTaskHandlerOptions Of(WorkflowTaskHandlerOptions options, const WorkerDeploymentVersion& version) {
  options.deployment = WorkerDeploymentOptions(version, VersioningBehavior::kPinned);
  options.build_id = version.build_id;
  return options;
}

using CompletedAttributes = api::history::v1::WorkflowTaskCompletedEventAttributes;

CompletedAttributes& Last(HistoryBuilder& history) {
  auto& events = *const_cast<api::history::v1::History&>(history.history()).mutable_events();
  return *events.rbegin()->mutable_workflow_task_completed_event_attributes();
}

void SetVersion(const WorkerDeploymentVersion& version, CompletedAttributes& completed) {
  completed.mutable_deployment_version()->set_deployment_name(version.deployment_name);
  completed.mutable_deployment_version()->set_build_id(version.build_id);
}

class VersionsTest : public ::testing::Test {
 protected:
  VersionsTest() { registry_.Add<Notes>(kMain).Query(kVersion, &Notes::Now); }
  // Two tasks in the past, one that is open.
  HistoryBuilder History() {
    HistoryBuilder history("main");
    history.Task();
    SetVersion(kOld, Last(history));
    history.Signaled("next", Arguments(1));
    history.Task();
    second_(Last(history));
    history.Signaled("next", Arguments(2));
    history.OpenTask();
    return history;
  }
  Completed Reply(const WorkflowTaskHandlerOptions& options, const HistoryBuilder& history) {
    auto reply = WorkflowTaskHandler(options, registry_, NoFetcher()).Handle(history.TaskAt());
    EXPECT_TRUE(reply.ok()) << reply.status();
    if (const auto* failed = std::get_if<Failed>(&*reply)) ADD_FAILURE() << failed->failure().message();
    return std::get<Completed>(*std::move(reply));
  }

  std::function<void(CompletedAttributes&)> second_ = [](CompletedAttributes&) {};
  WorkflowRegistry registry_;
};

TEST_F(VersionsTest, replay_has_those_of_then_and_the_last_task_its_own) {
  second_ = [](CompletedAttributes& completed) { SetVersion(WorkerDeploymentVersion("orders", "1b"), completed); };
  EXPECT_EQ(ResultText(Reply(Of(CachingOptions(), kNew), History())), "orders.1 orders.1b orders.2");
}

TEST_F(VersionsTest, what_servers_and_workers_said_earlier) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  second_ = [](CompletedAttributes& completed) { completed.set_worker_deployment_version("orders.a.b"); };
  EXPECT_EQ(ResultText(Reply(Of(CachingOptions(), kNew), History())), "orders.1 orders.a.b orders.2");
  second_ = [](CompletedAttributes& completed) { completed.mutable_worker_version()->set_build_id("7"); };
  EXPECT_EQ(ResultText(Reply(Of(CachingOptions(), kNew), History())), "orders.1 .7 orders.2");
  second_ = [](CompletedAttributes&) {};
  EXPECT_EQ(ResultText(Reply(CachingOptions(), History())), "orders.1 none none");
  WorkflowTaskHandlerOptions only_build = CachingOptions();
  only_build.build_id = "8";
  const Completed reply = Reply(only_build, History());
  EXPECT_EQ(ResultText(reply), "orders.1 none .8");
  EXPECT_EQ(reply.worker_version_stamp().build_id(), "8");
#pragma clang diagnostic pop
  EXPECT_FALSE(reply.has_deployment_options());
  EXPECT_EQ(reply.versioning_behavior(), enums::VERSIONING_BEHAVIOR_UNSPECIFIED);
}

TEST_F(VersionsTest, a_query_sees_that_of_the_last_task) {
  const auto ask = [&](WorkflowTaskHandler& handler, HistoryBuilder history, bool cached) {
    PolledTask task = history.TaskAt(history.PreviousStarted(1000));
    task.clear_messages();
    if (cached) {
      task.clear_history();
    } else {
      *task.mutable_history() = history.history();
    }
    task.set_previous_started_event_id(history.PreviousStarted(1000));
    task.set_started_event_id(0);
    task.mutable_query()->set_query_type("version");
    const auto reply = handler.Handle(task);
    EXPECT_TRUE(reply.ok()) << reply.status();
    const auto* answer = std::get_if<QueryCompleted>(&*reply);
    if (answer == nullptr || answer->query_result().payloads().empty()) return Text("no answer");
    return FromPayload<Text>(answer->query_result().payloads(0)).value();
  };
  HistoryBuilder history("main");
  history.Task();
  SetVersion(kOld, Last(history));
  {
    WorkflowTaskHandler fresh(Of(CachingOptions(), kNew), registry_, NoFetcher());
    EXPECT_EQ(ask(fresh, history, /*cached=*/false), "orders.1");
  }
  history.Signaled("next", Arguments(1));
  history.OpenTask();
  WorkflowTaskHandler handler(Of(CachingOptions(), kNew), registry_, NoFetcher());
  ASSERT_TRUE(handler.Handle(history.TaskAt()).ok());
  history.TaskCompleted();
  SetVersion(kNew, Last(history));
  EXPECT_EQ(ask(handler, history, /*cached=*/true), "orders.2");
}

TEST_F(VersionsTest, replies_say_version_and_behavior) {
  WorkflowRegistry registry;
  registry.Add<Notes>("main", VersioningBehavior::kAutoUpgrade);
  HistoryBuilder history("main");
  history.OpenTask();
  const auto task = [&](const WorkflowTaskHandlerOptions& options, const WorkflowRegistry& workflows) {
    return *WorkflowTaskHandler(options, workflows, NoFetcher()).Handle(history.TaskAt());
  };
  const Completed own = std::get<Completed>(task(Of(CachingOptions(), kNew), registry));
  EXPECT_EQ(own.versioning_behavior(), enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
  EXPECT_EQ(own.deployment_options().deployment_name(), "orders");
  EXPECT_EQ(own.deployment_options().build_id(), "2");
  EXPECT_EQ(own.deployment_options().worker_versioning_mode(), enums::WORKER_VERSIONING_MODE_VERSIONED);
  const Completed by_default = std::get<Completed>(task(Of(CachingOptions(), kNew), registry_));
  EXPECT_EQ(by_default.versioning_behavior(), enums::VERSIONING_BEHAVIOR_PINNED);

  WorkflowTaskHandlerOptions shown = CachingOptions();
  shown.deployment.version = kNew;
  const Completed unversioned = std::get<Completed>(task(shown, registry));
  EXPECT_EQ(unversioned.versioning_behavior(), enums::VERSIONING_BEHAVIOR_UNSPECIFIED);
  EXPECT_EQ(unversioned.deployment_options().worker_versioning_mode(), enums::WORKER_VERSIONING_MODE_UNVERSIONED);

  const Failed failed = std::get<Failed>(task(Of(CachingOptions(), kNew), WorkflowRegistry()));
  EXPECT_EQ(failed.deployment_options().build_id(), "2");
}

TEST_F(VersionsTest, the_servers_hints_are_those_of_the_task) {
  std::vector<ContinueAsNewReason> reasons;
  bool changed = false;
  WorkflowRegistry registry;
  registry.AddFunction(kMain, [&](Context ctx, Nothing) -> Task<Text> {
    reasons = ctx.continue_as_new_reasons();
    changed = ctx.target_deployment_version_changed();
    if (!changed) co_return "stays";
    ContinueAsNewOptions options;
    options.initial_versioning_behavior = ContinueAsNewVersioningBehavior::kAutoUpgrade;
    ctx.ContinueAsNew(Nothing{}, options);
  });
  HistoryBuilder history("main");
  history.OpenTask();
  const auto reply = [&] {
    return std::get<Completed>(*WorkflowTaskHandler(UncachedOptions(), registry, NoFetcher()).Handle(history.TaskAt()));
  };
  EXPECT_EQ(ResultText(reply()), "stays");
  EXPECT_TRUE(reasons.empty());
  auto& events = *const_cast<api::history::v1::History&>(history.history()).mutable_events();
  auto& started = *events.rbegin()->mutable_workflow_task_started_event_attributes();
  started.set_target_worker_deployment_version_changed(true);
  started.set_suggest_continue_as_new(true);
  started.add_suggest_continue_as_new_reasons(enums::SUGGEST_CONTINUE_AS_NEW_REASON_TOO_MANY_UPDATES);
  const Completed again = reply();
  EXPECT_TRUE(changed);
  EXPECT_THAT(reasons, ElementsAre(ContinueAsNewReason::kTooManyUpdates));
  ASSERT_THAT(Types(again), ElementsAre(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION));
  EXPECT_EQ(again.commands(0).continue_as_new_workflow_execution_command_attributes().initial_versioning_behavior(),
            enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_AUTO_UPGRADE);
}

TEST_F(VersionsTest, a_changed_override_in_the_history_is_of_no_concern) {
  HistoryBuilder history("main");
  history.Task();
  auto& event = history.Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
  event.mutable_workflow_execution_options_updated_event_attributes()->mutable_versioning_override()->set_auto_upgrade(
      true);
  event.set_worker_may_ignore(true);
  history.Signaled("next", Arguments(1));
  history.Task();
  history.Signaled("next", Arguments(1));
  history.OpenTask();
  EXPECT_THAT(ResultText(Reply(Of(CachingOptions(), kNew), history)), HasSubstr("orders.2"));
}

TEST_F(VersionsTest, a_child_can_be_started_with_an_override) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, [](Context ctx, Nothing) -> Task<Text> {
    ChildOptions options("child");
    options.versioning_override = PinnedVersioningOverride(kOld);
    co_return co_await ctx.ExecuteChild(WorkflowRef<Nothing, Text>("child"), Nothing{}, options);
  });
  HistoryBuilder history("main");
  history.OpenTask();
  const auto reply =
      std::get<Completed>(*WorkflowTaskHandler(UncachedOptions(), registry, NoFetcher()).Handle(history.TaskAt()));
  const auto& start = reply.commands(0).start_child_workflow_execution_command_attributes();
  EXPECT_EQ(start.versioning_override().pinned().version().build_id(), "1");
}

}  // namespace
}  // namespace temporal::core
