#include "tests/unit/temporal/core/harness.h"

// Children, other workflows, continue-as-new, metadata, ends.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr WorkflowRef<Text, Text> kChild{"child"};
constexpr SignalRef<Text> kPoke{"poke"};

class OthersTest : public EngineTest {};
TEMPORAL_ALL_MODES(OthersTest);

Task<Text> RunsChild(Context ctx, Nothing) {
  try {
    co_return co_await ctx.ExecuteChild(kChild, "in", ChildOptions("child-id"));
  } catch (const ChildWorkflowError& e) {
    co_return e.workflow_type() + "/" + e.workflow_id() + "/" + e.type() + "/" + std::string(e.cause()->message());
  }
}

TEST_P(OthersTest, a_child_is_started_and_awaited) {
  registry_.AddFunction(kMain, RunsChild);
  HistoryBuilder history("main");
  history.OpenTask();
  const Completed first = CompletedTask(history);
  ASSERT_THAT(Types(first), ElementsAre(enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION));
  const auto& start = first.commands(0).start_child_workflow_execution_command_attributes();
  EXPECT_EQ(start.workflow_id(), "child-id");
  EXPECT_EQ(start.workflow_type().name(), "child");
  EXPECT_EQ(start.parent_close_policy(), enums::PARENT_CLOSE_POLICY_TERMINATE);
  history.TaskCompleted();
  const int64_t child = history.ChildInitiated("child-id", "child");
  history.ChildStarted(child, "child-run");
  history.Task();
  HistoryBuilder failed = history;
  history.ChildCompleted(child, Encoded<Text>("out"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "out");
  failed.ChildFailed(child, "broken");
  failed.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(failed)), "child/child-id//broken");
}

TEST_P(OthersTest, a_child_that_runs_already_fails_the_start) {
  registry_.AddFunction(kMain, RunsChild);
  HistoryBuilder history("main");
  history.Task();
  history.ChildStartFailed(history.ChildInitiated("child-id", "child"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)),
            "child/child-id/WorkflowAlreadyStarted/a workflow of that id is running already");
}

template <ChildCancellation kHow>
Task<Text> CancelsChild(Context ctx, Nothing) {
  const CancellationScope scope = ctx.NewScope();
  const auto handle =
      co_await scope.context().StartChild(kChild, "in", ChildOptions("child-id").WithCancellation(kHow));
  co_await handle.Signal(kPoke, "hello");
  scope.Cancel("enough");
  try {
    co_return "done: " + co_await handle.Result();
  } catch (const ChildWorkflowError& e) {
    co_return Text(IsCancellation(e) ? "cancelled" : "?");
  }
}

// child 5, started, signalled; the next task is open.
HistoryBuilder SignalledChild() {
  HistoryBuilder history("main");
  history.Task();
  history.ChildStarted(history.ChildInitiated("child-id", "child"), "child-run");
  history.Task();
  const int64_t signal = history.SignalExternalInitiated();
  history.ExternalSignaled(signal);
  history.OpenTask();
  return history;
}

TEST_P(OthersTest, child_cancel_580_1162_try_cancel) {
  registry_.AddFunction(kMain, CancelsChild<ChildCancellation::kTryCancel>);
  HistoryBuilder history = SignalledChild();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
                                        enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
  const auto& cancel = reply.commands(0).request_cancel_external_workflow_execution_command_attributes();
  EXPECT_EQ(cancel.workflow_id(), "child-id");
  EXPECT_EQ(cancel.run_id(), "") << "it may continue as new meanwhile";
  EXPECT_EQ(cancel.reason(), "enough");
  EXPECT_TRUE(cancel.child_workflow_only());
  EXPECT_EQ(ResultText(reply), "cancelled");
}

TEST_P(OthersTest, child_cancel_580_1162_abandon) {
  registry_.AddFunction(kMain, CancelsChild<ChildCancellation::kAbandon>);
  EXPECT_THAT(CommandsAt(SignalledChild()), ElementsAre(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
}

TEST_P(OthersTest, child_cancel_580_1162_wait_completed) {
  registry_.AddFunction(kMain, CancelsChild<ChildCancellation::kWaitCompleted>);
  HistoryBuilder history = SignalledChild();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION));
  history.TaskCompleted();
  history.ExternalCancelRequested(history.CancelExternalInitiated());
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), IsEmpty());
  history.TaskCompleted();
  HistoryBuilder completed = history;
  history.ChildCanceled(5);
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "cancelled");
  completed.ChildCompleted(5, Encoded<Text>("anyway"));
  completed.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(completed)), "done: anyway");
}

TEST_P(OthersTest, child_cancel_580_1162_wait_requested) {
  registry_.AddFunction(kMain, CancelsChild<ChildCancellation::kWaitRequested>);
  HistoryBuilder history = SignalledChild();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION));
  history.TaskCompleted();
  history.ExternalCancelRequested(history.CancelExternalInitiated());
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "cancelled");
}

template <ChildCancellation kHow>
Task<Text> CancelsStartingChild(Context ctx, Nothing) {
  const CancellationScope scope = ctx.NewScope();
  const auto child = scope.context().ExecuteChild(kChild, "in", ChildOptions("child-id").WithCancellation(kHow));
  co_await ctx.Sleep(1s);
  scope.Cancel("enough");
  Text outcome;
  try {
    co_await child;
  } catch (const ChildWorkflowError& e) {
    outcome = IsCancellation(e) ? "cancelled" : "?";
  }
  co_await ctx.Sleep(1s);
  co_return outcome;
}

TEST_P(OthersTest, child_cancel_580_1162_while_starting) {
  registry_.AddFunction(kMain, CancelsStartingChild<ChildCancellation::kTryCancel>);
  HistoryBuilder history("main");
  history.Task();
  const int64_t child = history.ChildInitiated("child-id", "child");
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
                                               enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  const int64_t cancel = history.CancelExternalInitiated();
  const int64_t timer = history.TimerStarted("2");
  history.ChildStarted(child, "child-run");  // it started after all
  history.ExternalCancelRequested(cancel);
  history.ChildCanceled(child);
  history.TimerFired(timer);
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "cancelled");
}

// Asked for before the child was there.
HistoryBuilder FailedChildCancellation(int64_t& child) {
  HistoryBuilder history("main");
  history.Task();
  child = history.ChildInitiated("child-id", "child");
  history.TimerFired(history.TimerStarted("1"));
  history.Task();
  const int64_t initiated = history.CancelExternalInitiated();
  history.Add(enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
      .mutable_request_cancel_external_workflow_execution_failed_event_attributes()
      ->set_initiated_event_id(initiated);
  return history;
}

TEST_P(OthersTest, a_cancellation_that_failed_is_asked_again_when_the_child_starts) {
  registry_.AddFunction(kMain, CancelsStartingChild<ChildCancellation::kWaitCompleted>);
  int64_t child = 0;
  HistoryBuilder history = FailedChildCancellation(child);
  history.Task();  // not before it has started
  history.ChildStarted(child, "child-run");
  history.OpenTask();
  const Completed again = CompletedTask(history);
  ASSERT_THAT(Types(again), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION));
  const auto& cancel = again.commands(0).request_cancel_external_workflow_execution_command_attributes();
  EXPECT_EQ(cancel.workflow_id(), "child-id");
  EXPECT_TRUE(cancel.child_workflow_only());
  EXPECT_EQ(cancel.reason(), "enough");
  history.TaskCompleted();
  history.ExternalCancelRequested(history.CancelExternalInitiated());
  history.ChildCanceled(child);
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.TimerFired(history.TimerStarted("2"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "cancelled");
}

TEST_P(OthersTest, a_cancellation_that_fails_after_the_child_has_started_is_asked_again) {
  for (const auto& code : {CancelsStartingChild<ChildCancellation::kWaitRequested>,
                           CancelsStartingChild<ChildCancellation::kWaitCompleted>}) {
    registry_ = WorkflowRegistry();
    registry_.AddFunction(kMain, code);
    HistoryBuilder history("main");
    history.Task();
    const int64_t child = history.ChildInitiated("child-id", "child");
    history.TimerFired(history.TimerStarted("1"));
    history.Task();
    const int64_t initiated = history.CancelExternalInitiated();
    history.ChildStarted(child, "child-run");
    history.Add(enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
        .mutable_request_cancel_external_workflow_execution_failed_event_attributes()
        ->set_initiated_event_id(initiated);
    history.OpenTask();
    EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION));
    history.TaskCompleted();
    const int64_t again = history.CancelExternalInitiated();
    history.Add(enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
        .mutable_request_cancel_external_workflow_execution_failed_event_attributes()
        ->set_initiated_event_id(again);
    history.OpenTask();
    EXPECT_THAT(CommandsAt(history), IsEmpty()) << "it has ended, which comes next";
  }
}

Task<Text> CancelsChildAtOnce(Context ctx, Nothing) {
  const CancellationScope scope = ctx.NewScope();
  const auto child = scope.context().ExecuteChild(kChild, "in");
  scope.Cancel();
  try {
    co_return co_await child;
  } catch (const ChildWorkflowError& e) {
    co_return Text(IsCancellation(e) ? "cancelled" : "?");
  }
}

TEST_P(OthersTest, a_child_cancelled_at_once_is_never_started) {
  registry_.AddFunction(kMain, CancelsChildAtOnce);
  HistoryBuilder history("main");
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
  EXPECT_EQ(ResultText(reply), "cancelled");
}

Task<Text> TalksToOthers(Context ctx, Nothing) {
  const ExternalWorkflow other = ctx.External("other", "run");
  Text seen;
  try {
    co_await other.Signal(kPoke, "x");
    seen += "signalled ";
  } catch (const ApplicationFailure& e) {
    seen += e.type() + " ";
  }
  try {
    co_await other.Cancel("why");
    seen += "cancelled";
  } catch (const ApplicationFailure& e) {
    seen += e.type();
  }
  co_return seen;
}

TEST_P(OthersTest, other_workflows_are_signalled_and_cancelled) {
  registry_.AddFunction(kMain, TalksToOthers);
  HistoryBuilder history("main");
  history.OpenTask();
  const Completed first = CompletedTask(history);
  ASSERT_THAT(Types(first), ElementsAre(enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION));
  EXPECT_EQ(first.commands(0).signal_external_workflow_execution_command_attributes().execution().run_id(), "run");
  history.TaskCompleted();
  history.SignalExternalFailed(history.SignalExternalInitiated());
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION));
  history.TaskCompleted();
  history.ExternalCancelRequested(history.CancelExternalInitiated());
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "ExternalWorkflowNotFound cancelled");
}

Task<Text> GoesOnAsNew(Context ctx, Nothing) {
  ctx.UpsertMemo("note", Text("kept"));
  co_await ctx.Sleep(1s);
  if (ctx.continue_as_new_suggested()) ctx.ContinueAsNew(Text("next"));
  co_return "not suggested";
}

TEST_P(OthersTest, continues_as_new_when_suggested_with_its_memo) {
  registry_.AddFunction(kMain, GoesOnAsNew);
  HistoryBuilder history("main");
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history),
              ElementsAre(enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES, enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.MemoModified();
  history.TimerFired(history.TimerStarted("1"));
  history.TaskScheduled();
  auto& started = history.Add(enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  started.mutable_workflow_task_started_event_attributes()->set_suggest_continue_as_new(true);
  const Completed reply = CompletedTask(history, history.last_id());
  ASSERT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION));
  const auto& next = reply.commands(0).continue_as_new_workflow_execution_command_attributes();
  EXPECT_EQ(next.workflow_type().name(), "main");
  EXPECT_EQ(next.task_queue().name(), "queue");
  EXPECT_EQ(FromPayloads<Text>(next.input()).value(), "next");
  EXPECT_EQ(FromPayload<Text>(next.memo().fields().at("note")).value(), "kept");
}

// --- ends

const Step<Text, Text> kStep{"step", ActivityOptions(10s)};

Task<Text> Beside(Context ctx) { co_return co_await ctx.Execute(kStep, ""); }

Task<Text> LeavesWorkBehind(Context ctx, Nothing) {
  (void)ctx.Spawn(Beside(ctx));
  co_return "first";
}

TEST_P(OthersTest, commands_after_the_end_go_before_it) {
  registry_.AddFunction(kMain, LeavesWorkBehind);
  HistoryBuilder history("main");
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply),
              ElementsAre(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
}

Task<Text> Throws(Context ctx, Nothing) {
  co_await ctx.Sleep(1s);
  throw ApplicationFailure("wrong", "bad_input", /*non_retryable=*/true);
}

TEST_P(OthersTest, an_application_failure_fails_the_workflow) {
  registry_.AddFunction(kMain, Throws);
  HistoryBuilder history("main");
  history.Task();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  ASSERT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION));
  const auto& failure = reply.commands(0).fail_workflow_execution_command_attributes().failure();
  EXPECT_EQ(failure.message(), "wrong");
  EXPECT_EQ(failure.application_failure_info().type(), "bad_input");
  EXPECT_TRUE(failure.application_failure_info().non_retryable());
}

Task<Text> ThrowsForeign(Context ctx, Nothing) {
  co_await ctx.Sleep(1s);
  throw std::out_of_range("a bug");
}

TEST_P(OthersTest, a_foreign_exception_fails_the_task) {
  registry_.AddFunction(kMain, ThrowsForeign);
  HistoryBuilder history("main");
  history.Task();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  const WorkflowTaskReply reply = ReplyTo(history);
  ASSERT_TRUE(std::holds_alternative<Failed>(reply));
  EXPECT_EQ(std::get<Failed>(reply).failure().message(), "a bug");
  EXPECT_EQ(std::get<Failed>(reply).cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
}

}  // namespace
}  // namespace temporal::core
