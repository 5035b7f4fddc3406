#include "tests/unit/temporal/core/harness.h"

// Activities, timers, children and other workflows, one after the other.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Text = std::string;

const Step<Text, Text> kGreet{"greet", ActivityOptions(10s)};
constexpr WorkflowRef<Nothing, Text> kMain{"main"};

class StepsTest : public EngineTest {};
TEMPORAL_ALL_MODES(StepsTest);

Task<Text> GreetTwice(Context ctx, Nothing) {
  const Text one = co_await ctx.Execute(kGreet, "one");
  const Text two = co_await ctx.Execute(kGreet, one);
  co_return two;
}

TEST_P(StepsTest, activities_run_one_after_the_other) {
  registry_.AddFunction(kMain, GreetTwice);
  HistoryBuilder history("main");
  const int64_t first_task = history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK));
  history.TaskCompleted();
  const int64_t one = history.ActivityScheduled("1", "greet");
  history.ActivityDone(one, Encoded<Text>("a"));
  history.OpenTask();
  const Completed second = CompletedTask(history);
  EXPECT_THAT(Types(second), ElementsAre(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK));
  const auto& activity = second.commands(0).schedule_activity_task_command_attributes();
  EXPECT_EQ(activity.activity_id(), "2");
  EXPECT_EQ(activity.activity_type().name(), "greet");
  EXPECT_EQ(activity.task_queue().name(), "queue");
  EXPECT_EQ(activity.start_to_close_timeout().seconds(), 10);
  EXPECT_EQ(FromPayloads<Text>(activity.input()).value(), "a");
  history.TaskCompleted();
  const int64_t two = history.ActivityScheduled("2", "greet");
  history.ActivityDone(two, Encoded<Text>("b"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "b");
  EXPECT_THAT(CommandsAt(history, first_task), ElementsAre(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK));
}

Task<Text> CatchActivity(Context ctx, Nothing) {
  try {
    co_await ctx.Execute(kGreet, "x");
    co_return "no failure";
  } catch (const ActivityError& e) {
    const auto cause = e.cause();
    const auto* timeout = dynamic_cast<const TimeoutError*>(cause.get());
    co_return e.activity_type() + "/" + e.activity_id() + "/" + e.type() + "/" + std::string(cause->message()) + "/" +
        std::to_string(static_cast<int>(e.retry_state())) + (timeout != nullptr ? "/timeout" : "");
  }
}

TEST_P(StepsTest, a_failed_activity_throws_with_its_cause) {
  registry_.AddFunction(kMain, CatchActivity);
  HistoryBuilder history("main");
  history.Task();
  const int64_t activity = history.ActivityScheduled("1", "greet");
  history.ActivityStarted(activity);
  history.ActivityFailed(activity, "no more", "capacity");
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "greet/1/capacity/no more/4");
}

TEST_P(StepsTest, a_timed_out_activity_throws_a_timeout) {
  registry_.AddFunction(kMain, CatchActivity);
  HistoryBuilder history("main");
  history.Task();
  history.ActivityTimedOut(history.ActivityScheduled("1", "greet"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "greet/1//activity StartToClose timeout/3/timeout");
}

TEST_P(StepsTest, an_escaping_failure_fails_the_workflow) {
  registry_.AddFunction(kMain, GreetTwice);
  HistoryBuilder history("main");
  history.Task();
  const int64_t activity = history.ActivityScheduled("1", "greet");
  history.ActivityStarted(activity);
  history.ActivityFailed(activity, "no more", "capacity");
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  ASSERT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION));
  const auto& failure = reply.commands(0).fail_workflow_execution_command_attributes().failure();
  EXPECT_TRUE(failure.has_activity_failure_info());
  EXPECT_EQ(failure.cause().application_failure_info().type(), "capacity");
}

Task<Text> TwoTimers(Context ctx, Nothing) {
  const Future<Nothing> a = ctx.Sleep(1min);
  const Future<Nothing> b = ctx.Sleep(1h);
  co_await AllOf(a, b);
  co_return "slept";
}

TEST_P(StepsTest, steps_start_when_called) {
  registry_.AddFunction(kMain, TwoTimers);
  HistoryBuilder history("main");
  history.OpenTask();
  const Completed first = CompletedTask(history);
  ASSERT_THAT(Types(first), ElementsAre(enums::COMMAND_TYPE_START_TIMER, enums::COMMAND_TYPE_START_TIMER));
  EXPECT_EQ(first.commands(0).start_timer_command_attributes().timer_id(), "1");
  EXPECT_EQ(first.commands(1).start_timer_command_attributes().start_to_fire_timeout().seconds(), 3600);
  history.TaskCompleted();
  const int64_t a = history.TimerStarted("1");
  const int64_t b = history.TimerStarted("2");
  history.TimerFired(a);
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), IsEmpty());
  history.TaskCompleted();
  history.TimerFired(b);
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "slept");
}

Task<Text> RaceTimers(Context ctx, Nothing) {
  const CancellationScope scope = ctx.NewScope();
  const auto first = co_await AnyOf(scope.context().Sleep(1min), scope.context().Sleep(1h));
  scope.Cancel();
  co_await ctx.Sleep(1s);
  co_return std::to_string(first.index());
}

TEST_P(StepsTest, a_cancelled_timer_is_a_command) {
  registry_.AddFunction(kMain, RaceTimers);
  HistoryBuilder history("main");
  history.Task();
  const int64_t a = history.TimerStarted("1");
  const int64_t b = history.TimerStarted("2");
  history.TimerFired(a);
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_CANCEL_TIMER, enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.TimerCanceled(b);
  const int64_t c = history.TimerStarted("3");
  history.TimerFired(c);
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "0");
}

Task<Text> CancelAtOnce(Context ctx, Nothing) {
  const CancellationScope scope = ctx.NewScope();
  const auto timer = scope.context().Sleep(1min);
  const auto activity = scope.context().Execute(kGreet, "x");
  scope.Cancel();
  Text seen;
  try {
    co_await timer;
  } catch (const CancelledError&) {
    seen += "timer ";
  }
  try {
    co_await activity;
  } catch (const ActivityError& e) {
    seen += IsCancellation(e) ? "activity" : "?";
  }
  co_return seen;
}

TEST_P(StepsTest, what_is_cancelled_at_once_is_never_sent) {
  registry_.AddFunction(kMain, CancelAtOnce);
  HistoryBuilder history("main");
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
  EXPECT_EQ(ResultText(reply), "timer activity");
}

template <ActivityCancellation kHow>
Task<Text> CancelLater(Context ctx, Nothing) {
  const CancellationScope scope = ctx.NewScope();
  const auto activity =
      scope.context().Execute(ActivityRef<Text, Text>("greet"), "x", ActivityOptions(10s).WithCancellation(kHow));
  co_await ctx.Sleep(1s);
  scope.Cancel();
  try {
    co_return "done: " + co_await activity;
  } catch (const ActivityError& e) {
    co_return Text(IsCancellation(e) ? "cancelled" : "?");
  }
}

HistoryBuilder StartedActivityThenTimer() {
  HistoryBuilder history("main");
  history.Task();
  const int64_t activity = history.ActivityScheduled("1", "greet");
  const int64_t timer = history.TimerStarted("1");
  history.ActivityStarted(activity);
  history.TimerFired(timer);
  history.OpenTask();
  return history;
}

TEST_P(StepsTest, try_cancel_asks_and_goes_on) {
  registry_.AddFunction(kMain, CancelLater<ActivityCancellation::kTryCancel>);
  const HistoryBuilder history = StartedActivityThenTimer();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
                                        enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
  EXPECT_EQ(reply.commands(0).request_cancel_activity_task_command_attributes().scheduled_event_id(), 5);
  EXPECT_EQ(ResultText(reply), "cancelled");
}

TEST_P(StepsTest, wait_completed_waits_for_how_the_activity_ends) {
  registry_.AddFunction(kMain, CancelLater<ActivityCancellation::kWaitCompleted>);
  HistoryBuilder cancelled = StartedActivityThenTimer();
  EXPECT_THAT(CommandsAt(cancelled), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK));
  cancelled.TaskCompleted();
  cancelled.ActivityCancelRequested(5);
  HistoryBuilder completed = cancelled;
  cancelled.ActivityCanceled(5);
  cancelled.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(cancelled)), "cancelled");
  completed.ActivityCompleted(5, Encoded<Text>("anyway"));
  completed.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(completed)), "done: anyway");
}

TEST_P(StepsTest, abandon_asks_nothing) {
  registry_.AddFunction(kMain, CancelLater<ActivityCancellation::kAbandon>);
  const HistoryBuilder history = StartedActivityThenTimer();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
  EXPECT_EQ(ResultText(reply), "cancelled");
}

Task<Text> AbandonThenWait(Context ctx, Nothing) {
  const CancellationScope scope = ctx.NewScope();
  (void)scope.context().Execute(ActivityRef<Text, Text>("greet"), "x",
                                ActivityOptions(10s).WithCancellation(ActivityCancellation::kAbandon));
  co_await ctx.Sleep(1s);
  scope.Cancel();
  co_await ctx.Sleep(1s);
  co_return "over";
}

TEST_P(StepsTest, late_events_of_an_abandoned_activity_are_nothing) {
  registry_.AddFunction(kMain, AbandonThenWait);
  HistoryBuilder history = StartedActivityThenTimer();
  history.TaskCompleted();
  const int64_t timer = history.TimerStarted("2");
  history.ActivityFailed(5, "late", "");
  history.TimerFired(timer);
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "over");
}

Task<Text> Bad(Context ctx, Nothing) {
  co_await ctx.Execute(ActivityRef<Text, Text>("greet"), "x", ActivityOptions());
  co_return "";
}

TEST_P(StepsTest, an_activity_without_timeout_fails_the_task_not_the_workflow) {
  registry_.AddFunction(kMain, Bad);
  HistoryBuilder history("main");
  history.OpenTask();
  const WorkflowTaskReply reply = ReplyTo(history);
  ASSERT_TRUE(std::holds_alternative<Failed>(reply));
  EXPECT_EQ(std::get<Failed>(reply).cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  EXPECT_THAT(std::get<Failed>(reply).failure().message(), HasSubstr("needs a start_to_close"));
}

}  // namespace
}  // namespace temporal::core
