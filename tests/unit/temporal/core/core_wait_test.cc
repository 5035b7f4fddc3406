#include "tests/unit/temporal/core/harness.h"

// Conditions with and without a limit, races with signals, headers.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr WorkflowRef<Nothing, Text> kMain2{"main2"};
constexpr SignalRef<Text> kAdd{"add"};
const Step<Nothing, Nothing> kFails("fails", ActivityOptions(1min));

class Waiter {
 public:
  explicit Waiter(Context ctx) : ctx_(ctx) {}
  Task<Text> Run() {
    Text seen;
    try {
      const bool held = co_await ctx_.UntilFor([this] { return !text_.empty(); }, 1min);
      seen = held ? "held " + text_ : "time is up";
    } catch (const CancelledError&) {
      seen = "cancelled";
    }
    co_await ctx_.Shielded().Sleep(1s);
    co_return seen;
  }
  void Add(Text text) { text_ = text; }

 private:
  Context ctx_;
  Text text_;
};

class WaitTest : public EngineTest {
 protected:
  void SetUp() override { registry_.Add<Waiter>("main").Signal(kAdd, &Waiter::Add); }
  // The first task done, its timer started.
  static HistoryBuilder Waiting(int64_t& timer) {
    HistoryBuilder history("main");
    history.Task();
    timer = history.TimerStarted("1");
    return history;
  }
};
TEMPORAL_ALL_MODES(WaitTest);

TEST_P(WaitTest, a_condition_that_holds_at_once_needs_no_timer) {
  HistoryBuilder history("main");
  history.Signaled("add", Arguments<Text>("x"));
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  ASSERT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_START_TIMER));
  EXPECT_EQ(reply.commands(0).start_timer_command_attributes().start_to_fire_timeout().seconds(), 1);
}

TEST_P(WaitTest, a_condition_that_comes_to_hold_cancels_the_timer) {
  int64_t timer = 0;
  HistoryBuilder history = Waiting(timer);
  history.Signaled("add", Arguments<Text>("x"));
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_CANCEL_TIMER, enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.TimerCanceled(timer);
  history.TimerFired(history.TimerStarted("2"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "held x");
}

TEST_P(WaitTest, the_limit_ends_the_wait) {
  int64_t timer = 0;
  HistoryBuilder history = Waiting(timer);
  history.TimerFired(timer);
  history.Task();
  history.TimerFired(history.TimerStarted("2"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "time is up");
}

// As it is when no worker ran while the limit passed.
TEST_P(WaitTest, a_signal_that_comes_together_with_the_limit_is_in_time) {
  int64_t timer = 0;
  HistoryBuilder history = Waiting(timer);
  history.Signaled("add", Arguments<Text>("x"));
  history.TimerFired(timer);
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.TimerFired(history.TimerStarted("2"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "held x");
}

TEST_P(WaitTest, cancellation_ends_the_wait_and_its_timer) {
  int64_t timer = 0;
  HistoryBuilder history = Waiting(timer);
  history.CancelRequested();
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_CANCEL_TIMER, enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.TimerCanceled(timer);
  history.TimerFired(history.TimerStarted("2"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "cancelled");
}

// A loop that races a channel with a timer: no signal is lost, none is seen twice.
Task<Text> Racing(Context ctx, Nothing) {
  SignalChannel<Text> channel(ctx, kAdd);
  Text seen;
  while (true) {
    const CancellationScope scope = ctx.NewScope();
    const auto next = co_await AnyOf(scope.context().Sleep(1min), channel.Received());
    scope.Cancel();
    if (next.index() == 0) co_return seen;
    seen += std::get<1>(next);
  }
}

class RaceTest : public EngineTest {};
TEMPORAL_ALL_MODES(RaceTest);

TEST_P(RaceTest, signals_race_a_timer) {
  registry_.AddFunction(kMain, Racing);
  HistoryBuilder history("main");
  history.Task();
  const int64_t one = history.TimerStarted("1");
  history.Signaled("add", Arguments<Text>("a"));
  history.Signaled("add", Arguments<Text>("b"));
  history.OpenTask();
  // The second signal is taken at once by the next round, whose timer is never sent.
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_CANCEL_TIMER, enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.TimerCanceled(one);
  const int64_t three = history.TimerStarted("3");
  history.Signaled("add", Arguments<Text>("c"));
  history.TimerFired(three);
  history.OpenTask();
  // Both are there: the signal came first, the timer of the round has fired, the next round waits for its own.
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.TimerFired(history.TimerStarted("4"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "abc");
}

Task<Text> WithHeader(Context ctx, Nothing) {
  ActivityOptions options(10s);
  options.headers["correlation"] = ctx.info().headers.at("correlation");
  co_return co_await ctx.Execute(ActivityRef<Text, Text>("step"), "", options);
}

TEST(Headers, are_read_from_the_start_and_given_to_activities) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, WithHeader);
  HistoryBuilder history("main");
  history.OpenTask();
  PolledTask task = history.TaskAt();
  (*task.mutable_history()
        ->mutable_events(0)
        ->mutable_workflow_execution_started_event_attributes()
        ->mutable_header()
        ->mutable_fields())["correlation"] = Encoded<Text>("corr_1");
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto reply = std::get<Completed>(*handler.Handle(task));
  const auto& fields = reply.commands(0).schedule_activity_task_command_attributes().header().fields();
  EXPECT_EQ(FromPayload<Text>(fields.at("correlation")).value(), "corr_1");
}

TEST_P(WaitTest, all_of_nothing_may_be_the_first_of_others) {
  registry_.AddFunction(
      kMain2, +[](Context ctx, Nothing) -> Task<Text> {
        co_await AllOf(AllOf(std::vector<Future<Nothing>>{}), ctx.Sleep(1s));
        std::vector<Future<std::vector<Nothing>>> groups;
        groups.push_back(AllOf(std::vector<Future<Nothing>>{}));
        groups.push_back(AllOf(std::vector<Future<Nothing>>{ctx.Sleep(1s)}));
        const auto both = co_await AnyOf(AllOf(std::move(groups)), ctx.Sleep(1h));
        co_return both.index() == 0 ? "done" : "?";
      });
  HistoryBuilder history("main2");
  history.Task();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_START_TIMER, enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  const int64_t timer = history.TimerStarted("2");
  history.TimerStarted("3");
  history.TimerFired(timer);
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "done");
}

TEST_P(WaitTest, a_signal_stays_in_its_channel_if_another_of_all_fails) {
  registry_.AddFunction(
      kMain2, +[](Context ctx, Nothing) -> Task<Text> {
        SignalChannel<Text> channel(ctx, kAdd);
        Text seen;
        const CancellationScope scope = ctx.NewScope();
        try {
          co_await AllOf(channel.Received(), ctx.Execute(kFails));
        } catch (const ActivityError&) {
          seen += "failed ";
        }
        std::vector<Future<Text>> more;
        more.push_back(channel.Received());
        more.push_back(channel.Received(scope.context()));
        const Future<std::vector<Text>> all = AllOf(std::move(more));
        scope.Cancel();
        try {
          co_await all;
        } catch (const CancelledError&) {
          seen += "cancelled ";
        }
        co_return seen + channel.TryReceive().value_or("nothing");
      });
  HistoryBuilder history("main2");
  history.Task();
  const int64_t activity = history.ActivityScheduled("1", "fails");
  history.Signaled("add", Arguments<Text>("x"));
  history.ActivityStarted(activity);
  history.ActivityFailed(activity, "broken", "BROKEN");
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "failed cancelled x");
}

}  // namespace
}  // namespace temporal::core
