#include <algorithm>

#include "temporal/testing/replayer.h"
#include "tests/unit/temporal/core/live_run.h"

// In which order, and how many at a time, the code hears of the ends of local activities: live, and again on replay.
// The numbers are those of issues of other SDKs.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr SignalRef<Text> kAdd{"add"};
constexpr UpdateRef<Text, Text> kTry{"try"};
const LocalActivityOptions kLocal(10s);
const Step<Text, Text> kStep("step", ActivityOptions(1min));

Future<Text> Local(const Context& ctx, const Text& type) {
  return ctx.ExecuteLocal(ActivityRef<Text, Text>(type), "", kLocal);
}

class OrderTest : public ::testing::Test {
 protected:
  // What the code writes into its result is the same when the history is replayed.
  void ExpectSame(LiveRun& run) {
    const Text live = run.ToTheEnd();
    EXPECT_EQ(result_, live);
    result_.clear();
    EXPECT_EQ(testing::Replayer(registry_).Replay(run.history.history()), absl::OkStatus());
    EXPECT_EQ(result_, live) << "on replay";
  }
  void Add(Task<Text> (*code)(Context)) {
    registry_.AddFunction(kMain, [this, code](Context ctx, Nothing) -> Task<Text> {
      result_ = co_await code(ctx);
      co_return result_;
    });
  }
  WorkflowRegistry registry_;
  Text result_;
};

// Two coroutines, each with its own chain of local activities; the order of their steps depends on who ends first.
Task<void> Chain(Context ctx, Text name, Text* seen) {
  for (int i = 0; i < 3; ++i) {
    const Text end = co_await Local(ctx, name);
    *seen += end + " ";
  }
  co_await Local(ctx, name + *seen);  // its type says what was seen before: another order does not fit the marker
}
Task<Text> Chains(Context ctx) {
  Text seen;
  const Future<void> a = ctx.Spawn(Chain(ctx, "a", &seen));
  const Future<void> b = ctx.Spawn(Chain(ctx, "b", &seen));
  co_await a;
  co_await b;
  co_return seen;
}

TEST_F(OrderTest, concurrent_chains_sdk_python_1573_1578) {
  Add(Chains);
  // Each row: the order in which they end. 1 and 2 begin; each end begins the next number.
  for (const std::vector<std::vector<uint32_t>>& script :
       std::vector<std::vector<std::vector<uint32_t>>>{{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}},
                                                       {{2}, {3}, {4}, {5}, {1}, {6}, {7}, {8}},
                                                       {{2, 1}, {4}, {3}, {5}, {6}, {7}, {8}},
                                                       {{2}, {1, 3}, {4, 5}, {6}, {7}, {8}},
                                                       {{1}, {}, {3}, {}, {2}, {4}, {}, {5}, {6}, {7, 8}}}) {
    LiveRun run(registry_);
    run.host.script.assign(script.begin(), script.end());
    ExpectSame(run);
    run.ExpectReplay();
  }
}

// Three at once; whenever some have ended, another one is run before the rest is looked at. How many end together
// decides what is run next.
Task<Text> FanOut(Context ctx) {
  Text seen;
  std::vector<Future<Text>> open;
  for (int i = 0; i < 3; ++i) open.push_back(Local(ctx, "work"));
  while (!open.empty()) {
    co_await AnyOf(open);
    seen += "[";
    std::erase_if(open, [&](const Future<Text>& each) {
      if (!each.ready()) return false;
      seen += each.state()->Take(false) + " ";
      return true;
    });
    seen += "] ";
    if (!open.empty()) seen += co_await Local(ctx, "expired after " + seen) + " ";
  }
  co_return seen + co_await Local(ctx, "finish");
}

TEST_F(OrderTest, fan_out_in_every_grouping_sdk_python_1881) {
  Add(FanOut);
  std::vector<uint32_t> order = {1, 2, 3};
  int plans = 0;
  do {
    // Where the fourth, run after the first end, comes in; and which of them end together.
    for (size_t at = 1; at <= 3; ++at) {
      for (unsigned cuts = 0; cuts < 8; ++cuts) {
        std::vector<uint32_t> all = order;
        all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), 4);
        LiveRun run(registry_);
        run.host.script.emplace_back();
        for (size_t i = 0; i < all.size(); ++i) {
          run.host.script.back().push_back(all[i]);
          if (i + 1 < all.size() && ((cuts >> i) & 1) != 0) run.host.script.emplace_back();
        }
        ExpectSame(run);
        ++plans;
      }
    }
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(plans, 6 * 3 * 8);
}

// A long one beside a chain of short ones: each end wakes the code at once, and the markers are not in the order of
// their numbers.
Task<Text> LongAndShort(Context ctx) {
  const Future<Text> slow = Local(ctx, "slow");
  Text seen;
  for (int i = 0; i < 3; ++i) seen += co_await Local(ctx, "fast") + " ";
  co_return seen + co_await slow;
}

TEST_F(OrderTest, short_ones_go_on_beside_a_long_one_sdk_rust_1075_1442) {
  Add(LongAndShort);
  LiveRun run(registry_);
  run.host.script = {{2}, {3}, {}, {4}, {}, {1}};
  ExpectSame(run);
  EXPECT_EQ(result_, "fast2 fast3 fast4 slow1");
  std::vector<uint32_t> markers;
  for (const auto& event : run.history.history().events()) {
    if (IsLocalActivityMarker(event)) markers.push_back(LocalActivityMarkerOf(event)->seq);
  }
  EXPECT_THAT(markers, ElementsAre(2, 3, 4, 1));
  run.ExpectReplay();
}

// An activity is cancelled without waiting for it, in the activation that runs a local one: the cancellation is heard
// of first.
Task<Text> CancelBeside(Context ctx) {
  const CancellationScope scope = ctx.NewScope();
  const Future<Text> activity = scope.context().Execute(ActivityRef<Text, Text>("forever"), "", ActivityOptions(1h));
  co_await ctx.Sleep(1s);
  const Future<Text> local = Local(ctx, "a");
  scope.Cancel();
  Text first = "local";
  try {
    const auto which = co_await AnyOf(activity, local);
    if (which.index() == 1) co_await ctx.Sleep(1s);  // another command: an order that differs would be seen
  } catch (const ActivityError&) {
    first = "cancelled";
  }
  co_return first + " " + co_await local;
}

TEST_F(OrderTest, beside_an_immediate_cancellation_sdk_core_803) {
  Add(CancelBeside);
  LiveRun run(registry_);
  run.Task();
  run.history.TimerFired(run.history.last_id());
  ExpectSame(run);
  EXPECT_EQ(result_, "cancelled a2");
  run.ExpectReplay();
}

// The same of an activity whose command was never sent, and the end comes after a heartbeat: the two were two
// activations, although nothing in history lies between them.
Task<Text> CancelUnsent(Context ctx) {
  const CancellationScope scope = ctx.NewScope();
  const Future<Text> activity = scope.context().Execute(ActivityRef<Text, Text>("never"), "", ActivityOptions(1h));
  const Future<Text> local = Local(ctx, "a");
  scope.Cancel();
  Text seen;
  try {
    co_await activity;
  } catch (const ActivityError&) {
    seen = local.ready() ? "together " : "one after the other ";
  }
  seen += co_await Local(ctx, "b") + " ";
  co_return seen + co_await local;
}

TEST_F(OrderTest, activations_are_counted_across_heartbeats) {
  Add(CancelUnsent);
  for (const bool heartbeat : {false, true}) {
    LiveRun run(registry_);
    if (heartbeat) run.host.script.push_back({});
    run.host.script.push_back({2});
    ExpectSame(run);
    EXPECT_EQ(result_, "one after the other b3 a2");
    run.ExpectReplay();
  }
}

// Two ends in one task that began as a heartbeat, one after the other.
Task<Text> OneByOne(Context ctx) {
  std::vector<Future<Text>> open = {Local(ctx, "a"), Local(ctx, "b")};
  const size_t first = co_await AnyOf(open);
  const bool alone = !open[1 - first].ready();
  const Text c = co_await Local(ctx, "c");
  co_await AllOf(open);
  co_return std::to_string(first) + (alone ? " alone " : " together ") + c;
}

TEST_F(OrderTest, ends_in_one_heartbeat_stay_apart) {
  Add(OneByOne);
  for (const auto& [script, result] :
       std::vector<std::pair<std::vector<std::vector<uint32_t>>, Text>>{{{{}, {1}, {2}, {3}}, "0 alone c3"},
                                                                        {{{}, {}, {2}, {1}, {3}}, "1 alone c3"},
                                                                        {{{}, {2, 1}, {3}}, "1 together c3"},
                                                                        {{{2}, {}, {}, {1}, {}, {3}}, "1 alone c3"}}) {
    LiveRun run(registry_);
    run.host.script.assign(script.begin(), script.end());
    ExpectSame(run);
    EXPECT_EQ(result_, result);
    run.ExpectReplay();
  }
}

// A signal in the task of a heartbeat is heard of before the end that follows it, and not together with it.
Task<Text> BesideSignal(Context ctx) {
  SignalChannel<Text> channel(ctx, kAdd);
  const Future<Text> local = Local(ctx, "a");
  const Text signal = co_await channel.Received();
  Text seen = signal + (local.ready() ? " together " : " first ");
  co_return seen + co_await Local(ctx, "b") + " " + co_await local;
}

TEST_F(OrderTest, a_signal_before_an_end_stays_before_it) {
  Add(BesideSignal);
  for (const size_t cache : {0, 1000}) {
    LiveRun run(registry_, cache);
    run.host.script = {{}, {1}};
    run.Task();
    run.history.Signaled("add", Arguments<Text>("x"));
    ExpectSame(run);
    EXPECT_EQ(result_, "x first b2 a1");
    run.ExpectReplay();
  }
}

// A rejected update leaves no trace in history, but live it was an activation: what ends after it in its task is not
// heard of all at once on replay.
Task<Text> Waves(Context ctx) {
  ctx.HandleUpdate(kTry, [](Text) -> Text { return ""; }, [](const Text&) { throw ApplicationFailure("never"); });
  std::vector<Future<Text>> open = {Local(ctx, "a"), Local(ctx, "b"), Local(ctx, "c"), Local(ctx, "d")};
  Text seen;
  while (!open.empty()) {
    co_await AnyOf(open);
    seen += "[";
    std::erase_if(open, [&](const Future<Text>& each) {
      if (each.ready()) seen += each.state()->Take(false);
      return each.ready();
    });
    seen += "]";
  }
  co_return seen + co_await Local(ctx, "after " + seen);
}

TEST_F(OrderTest, after_an_update_that_was_rejected_during_a_heartbeat_ends_stay_apart) {
  Add(Waves);
  for (const size_t cache : {0, 1000}) {
    LiveRun run(registry_, cache);
    run.host.script = {{1}, {}, {2}, {4, 3}};
    run.Task();
    run.history.UpdateRequested("u", "try", Arguments<Text>("x"));
    ExpectSame(run);
    EXPECT_EQ(result_, "[a1][b2][c3d4]after [a1][b2][c3d4]5");
    run.ExpectReplay();
  }
}

// What one worker recorded, another continues: markers of both in one history.
TEST_F(OrderTest, markers_without_numbers_go_on_with_numbers) {
  Add(LongAndShort);
  LiveRun run(registry_);
  run.host.script = {{2}, {}};
  run.Task();
  for (auto& event : *const_cast<api::history::v1::History&>(run.history.history()).mutable_events()) {
    if (!IsLocalActivityMarker(event)) continue;
    auto marker = *LocalActivityMarkerOf(event);
    marker.activation_index.reset();
    *event.mutable_marker_recorded_event_attributes()->mutable_details() =
        MarkerCommand(marker).record_marker_command_attributes().details();
  }
  run.MoveToAnotherWorker();
  run.host.script = {{3}, {}, {4}, {1}};
  ExpectSame(run);
  EXPECT_EQ(result_, "fast2 fast3 fast4 slow1");
  run.ExpectReplay();
}

struct Handling {
  explicit Handling(Context c) : ctx(c) {}
  Task<Text> Run() {
    const Text end = co_await Local(ctx, "a");
    co_await ctx.Until([this] { return ctx.AllHandlersFinished(); });
    co_return end;
  }
  Task<void> Add(Text text) { co_await ctx.Execute(kStep, text); }
  Context ctx;
};

// The task in the answer to a heartbeat got lost; the same worker goes on with the whole history.
TEST_F(OrderTest, a_signal_behind_a_lost_heartbeat_comes_after_run) {
  registry_.Add<Handling>(kMain).Signal(kAdd, &Handling::Add);
  LiveRun run(registry_);
  run.host.script = {{}};
  run.Task();
  run.history.OpenTask();
  run.history.TaskTimedOut();
  run.history.Signaled("add", Arguments<Text>("x"));
  run.ForgetSticky();
  run.Task();
  ASSERT_EQ(run.host.started.size(), 1u);
  EXPECT_EQ(run.host.started[0].seq, 1u);
  run.ExpectReplay();
}

Task<void> OnceSlept(Context ctx) {
  co_await ctx.Sleep(1s);
  co_await ctx.Execute(kStep, "b");
}

// A cancelled one whose worker has died ends in the attempt that found it so, which may fail too.
TEST_F(OrderTest, local_activities_are_told_after_everything_else) {
  registry_.AddFunction(kMain, [](Context ctx, Nothing) -> Task<Text> {
    const CancellationScope scope = ctx.NewScope();
    ctx.HandleSignal(kAdd, [scope](Text) { scope.Cancel(); });
    const Future<void> b = ctx.Spawn(OnceSlept(ctx));
    LocalActivityOptions options(10s);
    options.WithCancellation(ActivityCancellation::kWaitCompleted);
    try {
      co_await scope.context().ExecuteLocal(ActivityRef<Text, Text>("a"), "", options);
    } catch (const ActivityError&) {
    }
    co_await ctx.Execute(kStep, "a");
    co_await b;
    co_return "";
  });
  LiveRun run(registry_);
  run.host.script = {{}, {}};
  run.Task();
  const int64_t timer = run.history.last_id();
  run.history.Signaled("add", Arguments<Text>("x"));
  run.Task();
  run.history.Signaled("other");
  run.history.OpenTask();
  run.history.TaskTimedOut();
  run.history.TimerFired(timer);
  run.MoveToAnotherWorker();
  const Completed reply = run.Task();
  ASSERT_EQ(reply.commands_size(), 3);
  const auto input = [&](int at) {
    return FromPayloads<Text>(reply.commands(at).schedule_activity_task_command_attributes().input()).value_or("?");
  };
  EXPECT_EQ(input(1) + input(2), "ba");
  run.ExpectReplay();
}

// As sdk-core orders them.
TEST_F(OrderTest, a_cancelled_local_activity_is_told_after_a_cancelled_activity) {
  Add(+[](Context ctx) -> Task<Text> {
    const CancellationScope scope = ctx.NewScope();
    Text seen;
    const auto note = [](Context, Future<Text> step, Text name, Text* into) -> Task<void> {
      try {
        co_await step;
      } catch (const ActivityError&) {
        *into += name;
      }
    };
    const Future<void> a = ctx.Spawn(note(ctx, Local(scope.context(), "a"), "local ", &seen));
    const Future<void> b = ctx.Spawn(note(ctx, scope.context().Execute(kStep, ""), "activity ", &seen));
    co_await ctx.Sleep(1s);
    scope.Cancel();
    co_await a;
    co_await b;
    co_return seen;
  });
  LiveRun run(registry_);
  run.host.script = {{}};
  run.Task();
  for (const auto& event : run.history.history().events()) {
    if (event.has_timer_started_event_attributes()) {
      run.history.TimerFired(event.event_id());
      break;
    }
  }
  EXPECT_EQ(run.ToTheEnd(), "activity local ");
  run.ExpectReplay();
}

}  // namespace
}  // namespace temporal::core
