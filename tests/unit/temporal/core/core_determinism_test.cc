#include "tests/unit/temporal/core/harness.h"

// Code and history that disagree; patches; what must come out the same on replay.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
const Step<Text, Text> kA{"a", ActivityOptions(10s)};
const Step<Text, Text> kB{"b", ActivityOptions(10s)};

class DeterminismTest : public EngineTest {
 protected:
  std::string TaskFailure(const HistoryBuilder& history) {
    const WorkflowTaskReply reply = ReplyTo(history);
    const auto* failed = std::get_if<Failed>(&reply);
    if (failed == nullptr) return "not failed";
    EXPECT_EQ(failed->cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
    EXPECT_THAT(failed->failure().message(), HasSubstr("[TMPRL1100]"));
    return failed->failure().message();
  }
};
INSTANTIATE_TEST_SUITE_P(Modes, DeterminismTest, ::testing::Values(Mode::kUncached, Mode::kPaged, Mode::kPagedSticky),
                         ModeName);

Task<Text> AThenB(Context ctx, Nothing) {
  co_await ctx.Execute(kA, "");
  co_return co_await ctx.Execute(kB, "");
}
Task<Text> TimerThenA(Context ctx, Nothing) {
  co_await ctx.Sleep(1s);
  co_return co_await ctx.Execute(kA, "");
}
Task<Text> Immediately(Context ctx, Nothing) { co_return "done"; }
Task<Text> AAndTimer(Context ctx, Nothing) {
  const auto timer = ctx.Sleep(1s);
  co_await ctx.Execute(kA, "");
  co_await timer;
  co_return "";
}

// One activity `type` done, and the next task open.
HistoryBuilder AfterActivity(std::string_view type, std::string_view id = "1") {
  HistoryBuilder history("main");
  history.Task();
  history.ActivityDone(history.ActivityScheduled(id, type), Encoded<Text>("r"));
  history.OpenTask();
  return history;
}

TEST_P(DeterminismTest, another_activity_type_is_seen) {
  registry_.AddFunction(kMain, AThenB);
  EXPECT_THAT(TaskFailure(AfterActivity("b")), HasSubstr("activity type is 'a'"));
}

TEST_P(DeterminismTest, another_activity_id_is_seen) {
  registry_.AddFunction(kMain, AThenB);
  EXPECT_THAT(TaskFailure(AfterActivity("a", "7")), HasSubstr("activity id is '1'"));
}

TEST_P(DeterminismTest, another_kind_of_step_is_seen) {
  registry_.AddFunction(kMain, TimerThenA);
  EXPECT_THAT(TaskFailure(AfterActivity("a")), HasSubstr("a timer where history has ActivityTaskScheduled (event 5)"));
}

TEST_P(DeterminismTest, a_missing_step_is_seen) {
  registry_.AddFunction(kMain, Immediately);
  EXPECT_THAT(TaskFailure(AfterActivity("a")), HasSubstr("its completion where history has ActivityTaskScheduled"));
}

TEST_P(DeterminismTest, an_additional_step_is_seen) {
  registry_.AddFunction(kMain, AAndTimer);
  HistoryBuilder timer_first("main");
  timer_first.Task();
  timer_first.TimerFired(timer_first.TimerStarted("1"));
  timer_first.OpenTask();
  EXPECT_THAT(TaskFailure(timer_first),
              HasSubstr("COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, for which history has no event"));
}

TEST(NonDeterminism, only_the_first_attempt_is_reported_and_the_run_is_evicted) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, TimerThenA);
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  PolledTask task = AfterActivity("a").TaskAt();
  EXPECT_TRUE(std::holds_alternative<Failed>(*handler.Handle(task)));
  EXPECT_EQ(handler.cached_runs(), 0u);
  task.set_attempt(2);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*handler.Handle(task)));
  EXPECT_EQ(handler.cached_runs(), 0u);
}

TEST(NonDeterminism, an_unregistered_type_fails_the_task_and_names_what_is_known) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, TimerThenA);
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  HistoryBuilder history("other");
  history.OpenTask();
  const auto reply = handler.Handle(history.TaskAt());
  EXPECT_THAT(std::get<Failed>(*reply).failure().message(), HasSubstr("'other' is not registered"));
  EXPECT_THAT(std::get<Failed>(*reply).failure().message(), HasSubstr("main"));
}

// --- patches

class PatchTest : public EngineTest {};
TEMPORAL_ALL_MODES(PatchTest);

Task<Text> WithPatch(Context ctx, Nothing) {
  if (ctx.Patched("new")) {
    co_return co_await ctx.Execute(kB, "");
  }
  co_return co_await ctx.Execute(kA, "");
}
Task<Text> WithDeprecatedPatch(Context ctx, Nothing) {
  ctx.DeprecatePatch("new");
  co_return co_await ctx.Execute(kB, "");
}
Task<Text> WithoutPatch(Context ctx, Nothing) { co_return co_await ctx.Execute(kB, ""); }

TEST_P(PatchTest, a_new_run_takes_the_patch_and_records_it) {
  registry_.AddFunction(kMain, WithPatch);
  HistoryBuilder history("main");
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  ASSERT_THAT(Types(reply),
              ElementsAre(enums::COMMAND_TYPE_RECORD_MARKER, enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
                          enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK));
  const auto& marker = reply.commands(0).record_marker_command_attributes();
  EXPECT_EQ(marker.marker_name(), "core_patch");
  EXPECT_EQ(marker.details().at("patch-data").payloads(0).data(), R"({"deprecated":false,"id":"new"})");
  const auto& fields = reply.commands(1).upsert_workflow_search_attributes_command_attributes().search_attributes();
  EXPECT_EQ(fields.indexed_fields().at("TemporalChangeVersion").data(), R"(["new"])");
  EXPECT_EQ(fields.indexed_fields().at("TemporalChangeVersion").metadata().at("type"), "KeywordList");
}

TEST_P(PatchTest, a_replay_with_the_marker_takes_it_again) {
  HistoryBuilder history("main");
  history.Task();
  history.Patched("new");
  history.ChangeVersionUpserted();
  history.ActivityDone(history.ActivityScheduled("1", "b"), Encoded<Text>("r"));
  history.OpenTask();
  registry_.AddFunction(kMain, WithPatch);
  EXPECT_EQ(ResultText(CompletedTask(history)), "r");
}

TEST_P(PatchTest, the_call_may_become_a_deprecation) {
  HistoryBuilder history("main");
  history.Task();
  history.Patched("new");
  history.ChangeVersionUpserted();
  history.ActivityDone(history.ActivityScheduled("1", "b"), Encoded<Text>("r"));
  history.OpenTask();
  registry_.AddFunction(kMain, WithDeprecatedPatch);
  EXPECT_EQ(ResultText(CompletedTask(history)), "r");
}

TEST(Patches, a_replay_without_the_marker_keeps_to_the_old_way) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, WithPatch);
  HistoryBuilder history("main");
  history.Task();
  history.ActivityDone(history.ActivityScheduled("1", "a"), Encoded<Text>("old"));
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_EQ(ResultText(std::get<Completed>(*handler.Handle(history.TaskAt()))), "old");
}

TEST(Patches, a_deprecated_marker_is_skipped_with_its_upsert_when_the_call_is_gone) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, WithoutPatch);
  HistoryBuilder history("main");
  history.Task();
  history.Patched("new", /*deprecated=*/true);
  history.ChangeVersionUpserted();
  history.ActivityDone(history.ActivityScheduled("1", "b"), Encoded<Text>("r"));
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_EQ(ResultText(std::get<Completed>(*handler.Handle(history.TaskAt()))), "r");
}

TEST(Patches, a_marker_without_the_call_is_non_determinism) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, WithoutPatch);
  HistoryBuilder history("main");
  history.Task();
  history.Patched("new");
  history.ChangeVersionUpserted();
  history.ActivityDone(history.ActivityScheduled("1", "b"), Encoded<Text>("r"));
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto reply = handler.Handle(history.TaskAt());
  EXPECT_EQ(std::get<Failed>(*reply).cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
}

Task<Text> ManyPatches(Context ctx, Nothing) {
  for (int i = 0; i < 100; ++i) ctx.Patched("a-rather-long-name-of-a-patch-" + std::to_string(i));
  co_await ctx.Sleep(1s);
  co_return "";
}

TEST(Patches, patch_upsert_above_2048_bytes_1225) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, ManyPatches);
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto reply = std::get<Completed>(*handler.Handle(history.TaskAt()));
  history.TaskCompleted();
  int markers = 0;
  for (const Command& command : reply.commands()) {
    if (command.has_record_marker_command_attributes()) {
      history.Patched("a-rather-long-name-of-a-patch-" + std::to_string(markers++));
    } else if (command.has_upsert_workflow_search_attributes_command_attributes()) {
      const auto& fields = command.upsert_workflow_search_attributes_command_attributes().search_attributes();
      EXPECT_LT(fields.indexed_fields().at("TemporalChangeVersion").data().size(), 2048u);
      history.ChangeVersionUpserted();
    }
  }
  EXPECT_EQ(markers, 100);
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  // Replays, although the later patches have no upsert.
  WorkflowTaskHandler replaying(UncachedOptions(), registry, NoFetcher());
  EXPECT_EQ(ResultText(std::get<Completed>(*replaying.Handle(history.TaskAt()))), "");
}

// --- time, randomness, log

Task<Text> Facts(Context ctx, Nothing) {
  Text facts = ctx.Uuid() + " " + std::to_string(ctx.Random()) + " " + std::to_string(ctx.RandomBetween(1, 6)) + " " +
               std::to_string(std::chrono::system_clock::to_time_t(ctx.Now()));
  co_await ctx.Sleep(1s);
  facts += " " + ctx.Uuid() + " " + std::to_string(std::chrono::system_clock::to_time_t(ctx.Now())) + " " +
           std::to_string(ctx.history_length()) + " " + std::to_string(ctx.history_bytes());
  co_return facts;
}

class FactsTest : public EngineTest {};
TEMPORAL_ALL_MODES(FactsTest);

TEST_P(FactsTest, time_randomness_and_history_size_are_the_same_on_replay) {
  registry_.AddFunction(kMain, Facts);
  HistoryBuilder history("main");
  history.Task();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  const std::string facts = ResultText(CompletedTask(history));
  WorkflowTaskHandler handler(CachingOptions(), registry_, NoFetcher());
  EXPECT_EQ(facts, ResultText(std::get<Completed>(*handler.Handle(history.TaskAt()))));
  EXPECT_THAT(facts, HasSubstr(" 1700000003 "));
  EXPECT_THAT(facts, HasSubstr(" 1700000008 8 800"));
}

TEST(Reset, reseeds) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, +[](Context ctx, Nothing) -> Task<Text> { co_return ctx.Uuid(); });
  HistoryBuilder plain("main");
  plain.OpenTask();
  HistoryBuilder reset("main");
  reset.OpenTask();
  reset.TaskFailed(enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, "another-run");
  reset.OpenTask();
  WorkflowTaskHandler handler(UncachedOptions(), registry, NoFetcher());
  EXPECT_NE(ResultText(std::get<Completed>(*handler.Handle(plain.TaskAt()))),
            ResultText(std::get<Completed>(*handler.Handle(reset.TaskAt()))));
}

class Lines : public Observer {
 public:
  void Log(LogLevel level, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

TEST(Logging, is_silent_in_replay) {
  WorkflowRegistry registry;
  registry.AddFunction(
      kMain, +[](Context ctx, Nothing) -> Task<Text> {
        ctx.Log(LogLevel::kInfo, "before");
        co_await ctx.Sleep(1s);
        ctx.Log(LogLevel::kInfo, "after");
        co_return "";
      });
  HistoryBuilder history("main");
  history.Task();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  Lines lines;
  WorkflowTaskHandlerOptions options = UncachedOptions();
  options.observer = &lines;
  WorkflowTaskHandler handler(options, registry, NoFetcher());
  ASSERT_TRUE(handler.Handle(history.TaskAt()).ok());
  ASSERT_EQ(lines.lines.size(), 1u);
  EXPECT_THAT(lines.lines[0], HasSubstr("after"));
  EXPECT_THAT(lines.lines[0], HasSubstr("workflow-id"));
}

TEST(Metadata, names_the_sdk_and_its_flags_once) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, TimerThenA);
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto first = std::get<Completed>(*handler.Handle(history.TaskAt()));
  EXPECT_EQ(first.sdk_metadata().sdk_name(), "temporal-cpp");
  EXPECT_THAT(first.sdk_metadata().core_used_flags(), ElementsAre(1, 2, 3));
  EXPECT_TRUE(first.return_new_workflow_task());
  EXPECT_EQ(first.sticky_attributes().worker_task_queue().name(), "queue-sticky");
  EXPECT_EQ(first.sticky_attributes().schedule_to_start_timeout().seconds(), 10);
  history.TaskCompleted();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  const auto second = std::get<Completed>(*handler.Handle(history.TaskAt(0, 4)));
  EXPECT_THAT(second.sdk_metadata().core_used_flags(), IsEmpty());
  EXPECT_EQ(second.sdk_metadata().sdk_name(), "");
}

}  // namespace
}  // namespace temporal::core
