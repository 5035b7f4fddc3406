#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "temporal/core/history/local_activity_marker.h"
#include "temporal/testing/history_builder.h"
#include "temporal/testing/replayer.h"

// Whole histories, each with a workflow that does what the recorded one did.
namespace temporal::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
namespace enums = api::enums::v1;
using Text = std::string;

absl::Status Replay(const char* file, const char* type,
                    std::function<void(WorkflowRegistry&, WorkflowRef<Nothing, Text>)> add) {
  WorkflowRegistry registry;
  add(registry, WorkflowRef<Nothing, Text>(type));
  return Replayer(registry).ReplayFile(std::filesystem::path(SDK_CORE_HISTORIES) / file);
}

api::history::v1::History Read(const std::string& file) {
  std::ifstream binary(std::filesystem::path(SDK_CORE_HISTORIES) / file, std::ios::binary);
  api::history::v1::History history;
  EXPECT_TRUE(history.ParseFromIstream(&binary)) << file;
  return history;
}

void Add(api::history::v1::History& history, enums::EventType type) {
  auto& event = *history.add_events();
  event.set_event_id(history.events_size());
  event.set_event_type(type);
  *event.mutable_event_time() = history.events(history.events_size() - 2).event_time();
  if (type == enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED) event.mutable_workflow_task_scheduled_event_attributes();
  if (type == enums::EVENT_TYPE_WORKFLOW_TASK_STARTED) event.mutable_workflow_task_started_event_attributes();
  if (type == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED) event.mutable_workflow_task_completed_event_attributes();
  if (type == enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED) {
    event.mutable_workflow_execution_completed_event_attributes();
  }
}

Task<Text> OneTimer(Context ctx, Nothing) {
  co_await ctx.Sleep(1s);
  co_return "";
}

Task<Text> OneActivity(Context ctx, Nothing) {
  co_await ctx.Execute(ActivityRef<Nothing, Nothing>("say_hello"), Nothing{}, ActivityOptions(10s));
  co_await ctx.Until([] { return false; });
  co_return "";
}

Task<Text> PatchAndTimers(Context ctx, Nothing) {
  ctx.Patched("integ_test_change_name");
  for (int i = 0; i < 3; ++i) co_await ctx.Sleep(1s);
  co_return "";
}

TEST(RecordedHistories, a_timer_numbered_from_zero) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, OneTimer); };
  EXPECT_EQ(Replay("timer_workflow_history.bin", "timer_workflow_NqA7v+rB", add), absl::OkStatus());
}

TEST(RecordedHistories, a_failed_task_in_between) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, OneTimer); };
  EXPECT_EQ(Replay("fail_wf_task.bin", "fail_wf_task_PITR/89Y", add), absl::OkStatus());
}

TEST(RecordedHistories, ends_with_an_empty_task) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, OneActivity); };
  EXPECT_EQ(Replay("ends_empty_wft_complete.bin", "SayHelloWorkflow", add), absl::OkStatus());
}

TEST(RecordedHistories, the_old_format_of_patch_markers) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, PatchAndTimers); };
  EXPECT_EQ(Replay("old_change_marker_format.bin", "writes_change_markers", add), absl::OkStatus());
}

Task<Text> LocalThenActivity(Context ctx, Nothing) {
  LocalActivityOptions local(1min);
  local.WithLocalRetryThreshold(1s).WithRetry(
      RetryPolicy().WithInitialInterval(15us).WithBackoff(1000).WithMaximumInterval(1500ms).WithMaximumAttempts(4));
  co_await ctx.ExecuteLocal(ActivityRef<int, Nothing>("delay"), 15, local);
  co_await ctx.Execute(ActivityRef<int, Nothing>("delay"), 15, ActivityOptions(20s));
  co_return "";
}

absl::Status ReplayLocalThenActivity(api::history::v1::History history) {
  WorkflowRegistry registry;
  registry.AddFunction(WorkflowRef<Nothing, Text>("evict_while_la_running_no_interference"), LocalThenActivity);
  return Replayer(registry).Replay(std::move(history));
}

// The ends of these three are not what the code did: sdk-core's tests replace them as well.
TEST(RecordedHistories, a_local_activity_after_heartbeats_and_timeouts) {
  auto history = Read("evict_while_la_running_no_interference-85_history.bin");
  EXPECT_EQ(ReplayLocalThenActivity(history), absl::OkStatus());
  history.mutable_events()->DeleteSubrange(20, history.events_size() - 20);
  Add(history, enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  Add(history, enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED);
  EXPECT_EQ(ReplayLocalThenActivity(history), absl::OkStatus());
}

TEST(RecordedHistories, a_local_activity_after_attempts_that_timed_out) {
  auto history = Read("evict_while_la_running_no_interference-23_history.bin");
  history.mutable_events()->DeleteSubrange(24, history.events_size() - 24);
  Add(history, enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED);
  EXPECT_EQ(ReplayLocalThenActivity(history), absl::OkStatus());
}

TEST(RecordedHistories, a_local_activity_and_a_signal_nobody_handles) {
  auto history = Read("evict_while_la_running_no_interference-16_history.bin");
  Add(history, enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
  Add(history, enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  EXPECT_EQ(ReplayLocalThenActivity(history), absl::OkStatus());
}

// The update's own timer is what the workflow was started with, in milliseconds.
struct LongLocalWithUpdate {
  explicit LongLocalWithUpdate(Context c, Duration wait) : context(c), inner_timer(wait) {}
  Task<Nothing> Run() {
    LocalActivityOptions local;
    local.WithScheduleToClose(1min);
    co_await context.ExecuteLocal(ActivityRef<int, Nothing>("delay"), 6, local);
    co_return Nothing{};
  }
  Task<void> Update() {
    if (inner_timer > 0s) co_await context.Sleep(inner_timer);
  }
  Context context;
  const Duration inner_timer;
};
struct AtOnce : LongLocalWithUpdate {
  explicit AtOnce(Context c) : LongLocalWithUpdate(c, 0s) {}
};
struct After2s : LongLocalWithUpdate {
  explicit After2s(Context c) : LongLocalWithUpdate(c, 2s) {}
};

TEST(RecordedHistories, updates_between_the_heartbeats_of_a_local_activity) {
  constexpr UpdateRef<Nothing, Nothing> kUpdate("update");
  const std::string name = "long_local_activity_with_update-";
  WorkflowRegistry registry;
  for (const char* number : {"0", "2"}) registry.Add<AtOnce>(name + number).Update(kUpdate, &AtOnce::Update);
  for (const char* number : {"1", "3"}) registry.Add<After2s>(name + number).Update(kUpdate, &After2s::Update);
  for (const char* number : {"0", "1", "2", "3"}) {
    EXPECT_EQ(Replayer(registry).Replay(Read(name + number + "_history.bin")), absl::OkStatus()) << number;
  }
}

Task<Text> LocalThenTimer(Context ctx, Nothing) {
  const LocalActivityOptions local(1min);
  co_await ctx.ExecuteLocal(ActivityRef<Nothing, Nothing>("local"), Nothing{}, local);
  co_await ctx.Sleep(1s);
  co_return "";
}

core::LocalActivityMarker FirstLocalEnded() {
  core::LocalActivityMarker marker;
  marker.seq = 1;
  marker.activity_id = "1";
  marker.activity_type = "local";
  marker.activation_index = 1;
  marker.result = *ToPayload(Nothing{});
  return marker;
}

// So it does when a query has it answer the task between the end of the local activity and the code's hearing of it.
TEST(OtherEngines, what_follows_from_a_local_activity_may_come_with_the_next_task) {
  WorkflowRegistry registry;
  registry.AddFunction(WorkflowRef<Nothing, Text>("w"), LocalThenTimer);
  for (const bool signal_between : {false, true}) {
    HistoryBuilder history("w");
    history.Task();
    history.LocalActivityEnded(FirstLocalEnded());
    if (signal_between) history.Signaled("s");
    history.Task();
    history.TimerFired(history.TimerStarted("1"));
    history.Task();
    history.Completed();
    EXPECT_EQ(Replayer(registry).Replay(history.history()), absl::OkStatus()) << signal_between;
  }
}

TEST(OtherEngines, what_never_comes_is_seen_all_the_same) {
  WorkflowRegistry registry;
  registry.AddFunction(WorkflowRef<Nothing, Text>("w"), LocalThenTimer);
  HistoryBuilder history("w");
  history.Task();
  history.LocalActivityEnded(FirstLocalEnded());
  history.Task();
  history.ActivityScheduled("1", "another");
  history.Task();
  EXPECT_THAT(std::string(Replayer(registry).Replay(history.history()).message()), HasSubstr("TMPRL1100"));
}

// Rust's own JSON of a history: the attributes lie one level deeper, under their type's name.
TEST(RecordedHistories, with_the_headers_of_a_tracer) {
  std::ifstream file(SDK_CORE_HISTORIES "/opentelemetry_replay_history.json");
  nlohmann::json json = nlohmann::json::parse(file);
  for (auto& event : json.at("events")) {
    const nlohmann::json attributes = event.at("attributes");
    event.erase("attributes");
    for (const auto& [name, value] : attributes.items()) {
      event[static_cast<char>(name[0] - 'A' + 'a') + name.substr(1)] = value;
    }
  }
  WorkflowRegistry registry;
  registry.AddFunction(
      WorkflowRef<Nothing, Nothing>("OpenTelemetryReplayWorkflow"),
      +[](Context, Nothing) -> Task<Nothing> { co_return Nothing{}; });
  EXPECT_EQ(Replayer(registry).ReplayJson(json.dump()), absl::OkStatus());
}

TEST(RecordedHistories, other_code_is_seen) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, OneActivity); };
  EXPECT_THAT(std::string(Replay("timer_workflow_history.bin", "timer_workflow_NqA7v+rB", add).message()),
              HasSubstr("an activity where history has TimerStarted (event 5)"));
}

}  // namespace
}  // namespace temporal::testing
