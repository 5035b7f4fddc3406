#include "nlohmann/json.hpp"
#include "temporal/common/proto.h"
#include "temporal/testing/replayer.h"
#include "tests/unit/temporal/core/live_run.h"

// Local activities: run, recorded, replayed. Order and grouping are in core_locals_order_test.cc.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr ActivityRef<Text, Text> kA{"a"};
constexpr SignalRef<Text> kAdd{"add"};
constexpr QueryRef<Nothing, Text> kState{"state"};
const LocalActivityOptions kLocal(10s);

Task<Text> One(Context ctx, Nothing) { co_return co_await ctx.ExecuteLocal(kA, "in", kLocal); }

class LocalsTest : public ::testing::Test {
 protected:
  // One that does not end is given up when its run is.
  void ExpectCancelledBy(void (WorkflowTaskHandler::*give_up)(std::string_view), WorkflowTaskHandlerOptions options) {
    registry_.AddFunction(kMain, One);
    ScriptedHost host;
    host.script = {{}};
    options.local_activities = &host;
    WorkflowTaskHandler handler(options, registry_, NoFetcher());
    HistoryBuilder history("main");
    history.OpenTask();
    ASSERT_TRUE(handler.Handle(history.TaskAt()).ok());
    EXPECT_EQ(host.open_runs, 1);
    (handler.*give_up)(history.run_id());
    EXPECT_EQ(host.open_runs, 0);
  }

  WorkflowRegistry registry_;
};

TEST_F(LocalsTest, a_local_activity_runs_within_the_task_and_is_recorded) {
  registry_.AddFunction(kMain, One);
  LiveRun run(registry_);
  const Completed reply = run.Task();
  EXPECT_EQ(ResultText(reply), "a1");
  EXPECT_FALSE(reply.force_create_new_workflow_task());
  ASSERT_EQ(run.host.started.size(), 1u);
  EXPECT_EQ(run.host.started[0].activity_type, "a");
  EXPECT_EQ(run.host.started[0].activity_id, "1");
  EXPECT_EQ(FromPayloads<Text>(run.host.started[0].input).value(), "in");
  EXPECT_EQ(run.host.waited_until[0], run.host.now + 8s) << "80 % of the task's time";
  EXPECT_EQ(run.host.open_runs, 0) << "closed with the workflow";

  ASSERT_THAT(Types(reply),
              ElementsAre(enums::COMMAND_TYPE_RECORD_MARKER, enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
  const auto& marker = reply.commands(0).record_marker_command_attributes();
  EXPECT_EQ(marker.marker_name(), "core_local_activity");
  EXPECT_EQ(FromPayload<Text>(marker.details().at("result").payloads(0)).value(), "a1");
  const auto& data = marker.details().at("data").payloads(0);
  EXPECT_EQ(data.metadata().at("encoding"), "json/plain");
  EXPECT_EQ(nlohmann::json::parse(data.data()), nlohmann::json::parse(R"({
    "seq": 1, "attempt": 1, "activity_id": "1", "activity_type": "a", "backoff": null, "activation_index": 1,
    "complete_time": {"seconds": 1700000003, "nanos": 100000000},
    "original_schedule_time": {"seconds": 1700000003, "nanos": 0}})"));
  run.ExpectReplay();
}

Task<Text> Fails(Context ctx, Nothing) {
  LocalActivityOptions options(10s);
  options.WithRetry(RetryPolicy().WithMaximumAttempts(3));
  Text failure = "none";
  try {
    co_await ctx.ExecuteLocal(kA, "", options);
  } catch (const ActivityError& e) {
    failure = e.type() + " " + e.activity_type() + e.activity_id() + " " +
              std::to_string(static_cast<int>(e.retry_state())) + " " + Text(e.cause()->message());
  }
  // As a type, so that a replay with another failure does not fit the marker.
  co_return co_await ctx.ExecuteLocal(ActivityRef<Text, Text>(failure), failure, kLocal);
}

TEST_F(LocalsTest, a_failure_is_an_activity_error) {
  registry_.AddFunction(kMain, Fails);
  LiveRun run(registry_);
  run.host.ends = [](const LocalActivityCall& call) {
    if (call.activity_type != "a") return Ended(call, FromPayloads<Text>(call.input).value());
    FailureMessage failure;
    failure.set_message("broken");
    failure.mutable_application_failure_info()->set_type("Broken");
    LocalActivityResult result = EndedBadly(call, failure);
    result.attempt = 3;
    return result;
  };
  const Completed reply = run.Task();
  EXPECT_EQ(ResultText(reply), "Broken a1 4 broken");
  const auto& marker = reply.commands(0).record_marker_command_attributes();
  EXPECT_EQ(marker.failure().message(), "broken") << "unwrapped, as other SDKs have it";
  EXPECT_THAT(marker.details().at("data").payloads(0).data(), HasSubstr(R"("attempt":3)"));
  run.ExpectReplay();
}

// --- longer than a workflow task

class HeartbeatTest : public ::testing::TestWithParam<size_t> {
 protected:
  WorkflowRegistry registry_;
};
INSTANTIATE_TEST_SUITE_P(CacheSizes, HeartbeatTest, ::testing::Values(0, 1, 1000));

TEST_P(HeartbeatTest, a_task_whose_time_is_over_is_answered_and_followed_by_another) {
  registry_.AddFunction(kMain, One);
  LiveRun run(registry_, GetParam());
  run.host.script = {{}, {}, {1}};
  for (int heartbeat = 0; heartbeat < 2; ++heartbeat) {
    const Completed reply = run.Task();
    EXPECT_THAT(Types(reply), IsEmpty());
    EXPECT_TRUE(reply.force_create_new_workflow_task());
    EXPECT_TRUE(reply.return_new_workflow_task());
    EXPECT_EQ(run.host.open_runs, 1);
  }
  EXPECT_EQ(ResultText(run.Task()), "a1");
  EXPECT_EQ(run.host.started.size(), 1u) << "it went on all the time";
  EXPECT_EQ(run.host.open_runs, 0);
  run.ExpectReplay();
}

// What the code knows of time and history, before and after local activities.
Task<Text> Facts(Context ctx, Nothing) {
  const auto now = [&] {
    return std::to_string(
               std::chrono::duration_cast<std::chrono::milliseconds>(ctx.Now() - ctx.info().start_time).count()) +
           "/" + std::to_string(ctx.history_length()) + "/" + std::to_string(ctx.history_bytes()) + " ";
  };
  Text facts = now();
  for (int i = 0; i < 3; ++i) {
    co_await ctx.ExecuteLocal(kA, facts, kLocal);
    facts += now();
  }
  co_await ctx.Sleep(1s);
  facts += now();
  co_await ctx.ExecuteLocal(kA, facts, kLocal);
  co_return facts + now();
}

TEST_P(HeartbeatTest, time_and_history_are_the_same_on_replay) {
  registry_.AddFunction(kMain, Facts);
  LiveRun run(registry_, GetParam());
  // The first ends after two heartbeats, the second with it, the third after another one.
  run.host.script = {{}, {}, {1}, {2}, {}, {3}};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(run.Task().force_create_new_workflow_task());
  EXPECT_THAT(Types(run.Task()), ElementsAre(enums::COMMAND_TYPE_RECORD_MARKER, enums::COMMAND_TYPE_START_TIMER));
  run.history.TimerFired(run.history.last_id());
  const Text facts = run.ToTheEnd();
  EXPECT_THAT(facts, ::testing::StartsWith("2000/3/300 8000/9/900 8200/9/900 13000/14/1400 "));
  Text replayed;
  WorkflowRegistry same;
  same.AddFunction(kMain, [&replayed](Context ctx, Nothing) -> Task<Text> {
    replayed = co_await Facts(ctx, {});
    co_return replayed;
  });
  EXPECT_EQ(testing::Replayer(same).Replay(run.history.history()), absl::OkStatus());
  EXPECT_EQ(replayed, facts);
}

TEST_P(HeartbeatTest, a_worker_that_dies_meanwhile_is_replaced) {
  registry_.AddFunction(kMain, Facts);
  LiveRun run(registry_, GetParam());
  run.host.script = {{1}, {}};
  EXPECT_THAT(Types(run.Task()), ElementsAre(enums::COMMAND_TYPE_RECORD_MARKER));
  run.MoveToAnotherWorker();
  EXPECT_EQ(run.host.open_runs, 0) << "the second is cancelled with its worker";
  run.host.script = {{2}, {3}};
  run.Task();
  std::vector<uint32_t> started;
  for (const auto& call : run.host.started) started.push_back(call.seq);
  EXPECT_THAT(started, ElementsAre(1, 2, 2, 3)) << "only what has no marker runs again";
  run.ExpectReplay();
}

TEST_P(HeartbeatTest, a_signal_is_seen_at_the_next_heartbeat) {
  registry_.AddFunction(
      kMain, +[](Context ctx, Nothing) -> Task<Text> {
        SignalChannel<Text> channel(ctx, kAdd);
        const auto first = co_await AnyOf(ctx.ExecuteLocal(kA, "", kLocal), channel.Received());
        co_await ctx.ExecuteLocal(ActivityRef<Text, Text>("b"), "", kLocal);
        co_return first.index() == 0 ? "activity" : "signal";
      });
  LiveRun run(registry_, GetParam());
  run.host.script = {{}, {2}};
  run.Task();
  run.history.Signaled("add", Arguments<Text>("x"));
  EXPECT_EQ(run.ToTheEnd(), "signal");
  run.ExpectReplay();
}

TEST_F(LocalsTest, a_host_that_stops_hands_the_run_on) {
  registry_.AddFunction(kMain, One);
  LiveRun run(registry_);
  run.host.script = {{}};
  run.host.stop = true;
  const Completed reply = run.Task();
  EXPECT_TRUE(reply.force_create_new_workflow_task());
  EXPECT_FALSE(reply.return_new_workflow_task());
  EXPECT_FALSE(reply.has_sticky_attributes());
  EXPECT_EQ(run.host.open_runs, 0);
  run.host.stop = false;
  run.MoveToAnotherWorker();
  EXPECT_EQ(ResultText(run.Task()), "a1");
  run.ExpectReplay();
}

TEST_F(LocalsTest, eviction_cancels_them) { ExpectCancelledBy(&WorkflowTaskHandler::Evict, CachingOptions()); }

TEST_F(LocalsTest, without_a_cache_a_run_is_kept_for_its_heartbeat_only) {
  ExpectCancelledBy(&WorkflowTaskHandler::Unhold, UncachedOptions());
}

TEST_F(LocalsTest, a_worker_without_a_host_fails_the_task) {
  registry_.AddFunction(kMain, One);
  WorkflowTaskHandler handler(CachingOptions(), registry_, NoFetcher());
  HistoryBuilder history("main");
  history.OpenTask();
  const auto reply = handler.Handle(history.TaskAt());
  EXPECT_THAT(std::get<Failed>(*reply).failure().message(), HasSubstr("runs no local activities"));
}

// --- retries after a longer while

Task<Text> Retried(Context ctx, Nothing) {
  LocalActivityOptions options(10s);
  options.WithScheduleToClose(1h).WithLocalRetryThreshold(10s);
  co_return co_await ctx.ExecuteLocal(kA, "in", options);
}

TEST_F(LocalsTest, a_long_back_off_is_a_timer_and_another_local_activity) {
  registry_.AddFunction(kMain, Retried);
  LiveRun run(registry_);
  run.host.ends = [](const LocalActivityCall& call) {
    if (call.attempt == 4) return Ended(call, "at last");
    FailureMessage failure;
    failure.set_message("not yet");
    failure.mutable_application_failure_info();
    LocalActivityResult result = EndedBadly(call, failure);
    result.attempt = 3;  // two retries were short enough
    result.backoff = 90s;
    return result;
  };
  const Completed reply = run.Task();
  ASSERT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_RECORD_MARKER, enums::COMMAND_TYPE_START_TIMER));
  EXPECT_EQ(reply.commands(1).start_timer_command_attributes().start_to_fire_timeout().seconds(), 90);
  EXPECT_THAT(reply.commands(0).record_marker_command_attributes().details().at("data").payloads(0).data(),
              HasSubstr(R"("backoff":{"nanos":0,"seconds":90})"));
  EXPECT_FALSE(reply.force_create_new_workflow_task());
  run.history.TimerFired(run.history.last_id());
  EXPECT_EQ(run.ToTheEnd(), "at last");
  const LocalActivityCall& second = run.host.started.at(1);
  EXPECT_EQ(second.seq, 2u);
  EXPECT_EQ(second.attempt, 4);
  EXPECT_EQ(FromPayloads<Text>(second.input).value(), "in");
  EXPECT_EQ(second.original_schedule_time, run.host.started[0].original_schedule_time);
  EXPECT_EQ(second.waited, 6s) << "from event 3 to event 9";
  run.ExpectReplay();
}

// --- code and history

TEST_F(LocalsTest, what_history_and_code_do_not_agree_on_is_seen) {
  registry_.AddFunction(kMain, One);
  LiveRun run(registry_);
  run.ToTheEnd();
  const auto replay = [&](auto code) {
    WorkflowRegistry changed;
    changed.AddFunction(kMain, code);
    const absl::Status status = testing::Replayer(changed).Replay(run.history.history());
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    return std::string(status.message());
  };
  EXPECT_THAT(replay(+[](Context ctx, Nothing) -> Task<Text> {
                co_return co_await ctx.ExecuteLocal(ActivityRef<Text, Text>("other"), "", kLocal);
              }),
              HasSubstr("the type of the local activity is 'other' in the workflow's code, but 'a' in MarkerRecorded"));
  EXPECT_THAT(replay(+[](Context ctx, Nothing) -> Task<Text> {
                LocalActivityOptions options(10s);
                options.activity_id = "mine";
                co_return co_await ctx.ExecuteLocal(kA, "", options);
              }),
              HasSubstr("id of the local activity"));
  EXPECT_THAT(replay(+[](Context, Nothing) -> Task<Text> { co_return "a1"; }),
              HasSubstr("of local activity 1 (a), which the workflow's code does not run"));
  EXPECT_THAT(
      replay(+[](Context ctx, Nothing) -> Task<Text> { co_return co_await ctx.Execute(kA, "", ActivityOptions(10s)); }),
      HasSubstr("[TMPRL1100]"));
  EXPECT_THAT(replay(+[](Context ctx, Nothing) -> Task<Text> {
                co_await ctx.ExecuteLocal(kA, "", kLocal);
                co_return co_await ctx.ExecuteLocal(kA, "", kLocal);
              }),
              HasSubstr("[TMPRL1100]"));
}

// --- queries

TEST_F(LocalsTest, answers_during_replay_617) {
  // A query about a run whose local activity has not ended yet: it is answered, and nothing is run for it.
  registry_.AddFunction(
      kMain, +[](Context ctx, Nothing) -> Task<Text> {
        Text state = "begun";
        ctx.HandleQuery(kState, [&state] { return state; });
        state += " " + co_await ctx.ExecuteLocal(kA, "", kLocal);
        state += " " + co_await ctx.ExecuteLocal(kA, "", kLocal);
        co_return state;
      });
  LiveRun run(registry_);
  run.host.script = {{1}, {}};
  run.Task();
  PolledTask query = run.history.TaskAt();
  *query.mutable_history() = run.history.history();
  query.set_started_event_id(0);
  query.set_previous_started_event_id(3);
  query.mutable_query()->set_query_type("state");
  ScriptedHost host;
  WorkflowTaskHandlerOptions options = UncachedOptions();
  options.local_activities = &host;
  WorkflowTaskHandler handler(options, registry_, NoFetcher());
  const auto reply = handler.Handle(query);
  EXPECT_EQ(FromPayload<Text>(std::get<QueryCompleted>(*reply).query_result().payloads(0)).value(), "begun a1");
  EXPECT_THAT(host.started, IsEmpty());
}

TEST_F(LocalsTest, queries_that_come_with_a_task_do_not_wait) {
  registry_.AddFunction(
      kMain, +[](Context ctx, Nothing) -> Task<Text> {
        ctx.HandleQuery(kState, [] { return Text("busy"); });
        co_return co_await ctx.ExecuteLocal(kA, "", kLocal);
      });
  ScriptedHost host;
  WorkflowTaskHandlerOptions options = CachingOptions();
  options.local_activities = &host;
  WorkflowTaskHandler handler(options, registry_, NoFetcher());
  HistoryBuilder history("main");
  history.OpenTask();
  PolledTask task = history.TaskAt();
  (*task.mutable_queries())["q"].set_query_type("state");
  const auto reply = std::get<Completed>(*handler.Handle(task));
  EXPECT_EQ(FromPayload<Text>(reply.query_results().at("q").answer().payloads(0)).value(), "busy");
  EXPECT_TRUE(reply.force_create_new_workflow_task()) << "the result needs a task to go out with";
  EXPECT_THAT(host.waited_until, IsEmpty());
  history.Answered(reply);
  history.OpenTask();
  EXPECT_EQ(ResultText(std::get<Completed>(*handler.Handle(history.TaskAt(0, 4)))), "a1");
}

}  // namespace
}  // namespace temporal::core
