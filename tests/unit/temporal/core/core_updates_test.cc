#include "temporal/testing/replayer.h"
#include "tests/unit/temporal/core/update_log.h"

// Updates: their messages and events, on the way in and on replay.
namespace temporal::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Updates : public EngineTest {
 protected:
  Updates() {
    validations = 0;
    registry_.Add<Log>(kMain)
        .Update(kAdd, &Log::Add, &Log::CheckAdd)
        .Update(kSlow, &Log::Slow)
        .Update(kBad, &Log::Bad)
        .Signal(kNote, &Log::Note)
        .Signal(kLate, &Log::Late)
        .Query(kSeen, &Log::Seen);
  }

  HistoryBuilder history{"main"};
};

TEST_P(Updates, is_accepted_and_completed_in_one_task) {
  history.Task();
  history.UpdateRequested("u1", "add", Arguments<Text>("a"));
  const int64_t started = history.OpenTask();
  const Completed reply = CompletedTask(history);
  ASSERT_THAT(Types(reply), ElementsAre(kMessage, kMessage));
  ASSERT_EQ(reply.messages_size(), 2);
  EXPECT_EQ(reply.messages(0).id(), reply.commands(0).protocol_message_command_attributes().message_id());
  EXPECT_EQ(reply.messages(1).id(), reply.commands(1).protocol_message_command_attributes().message_id());
  EXPECT_EQ(reply.messages(1).protocol_instance_id(), "u1");
  const auto acceptance = BodyOf<Acceptance>(reply.messages(0));
  EXPECT_EQ(acceptance.accepted_request_message_id(), "u1/request");
  EXPECT_EQ(acceptance.accepted_request_sequencing_event_id(), started - 1);
  EXPECT_EQ(acceptance.accepted_request().input().name(), "add");
  EXPECT_EQ(BodyOf<Response>(reply.messages(1)).meta().update_id(), "u1");
  EXPECT_EQ(ResultOf(reply.messages(1)), "run a ");
  EXPECT_EQ(validations, 1);
}

TEST_P(Updates, of_the_first_task_comes_before_run) {
  history.UpdateRequested("u1", "add", Arguments<Text>("a"));
  history.OpenTask();
  EXPECT_EQ(ResultOf(CompletedTask(history).messages(1)), "a ");
}

TEST_P(Updates, waits_for_an_activity_and_ends_before_the_workflow) {
  history.Task();
  history.UpdateRequested("u1", "slow", Arguments<Text>("a"));
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(kMessage, kActivity));
  history.TaskCompleted();
  history.UpdateAccepted("u1");
  const int64_t activity = history.ActivityScheduled("1", "step");
  history.UpdateRequested("u2", "add", Arguments<Text>("end"));
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(kMessage, kMessage)) << "a handler is under way";
  history.TaskCompleted();
  history.UpdateAccepted("u2");
  history.UpdateCompleted("u2");
  history.ActivityDone(activity, Encoded<Text>("done"));
  history.OpenTask();
  validations = 0;
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), ElementsAre(kMessage, kComplete));
  EXPECT_EQ(ResultText(reply), "run a? end a! ");
  ASSERT_EQ(reply.messages_size(), 1) << "nothing is answered twice";
  EXPECT_EQ(ResultOf(reply.messages(0)), "done");
  EXPECT_EQ(validations, GetParam() == Mode::kCached ? 1 : 0) << "validators do not run on replay";
  history.TaskCompleted();
  history.UpdateCompleted("u1");
  history.Completed();
  EXPECT_EQ(testing::Replayer(registry_).Replay(history.history()), absl::OkStatus());
}

TEST_P(Updates, a_rejection_is_a_message_without_a_command) {
  history.Task();
  history.UpdateRequested("u1", "add", Arguments<Text>(""));
  const int64_t started = history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), IsEmpty());
  ASSERT_EQ(reply.messages_size(), 1);
  const auto rejection = BodyOf<Rejection>(reply.messages(0));
  EXPECT_EQ(rejection.rejected_request_message_id(), "u1/request");
  EXPECT_EQ(rejection.rejected_request_sequencing_event_id(), started - 1);
  EXPECT_EQ(rejection.rejected_request().meta().update_id(), "u1");
  EXPECT_EQ(rejection.failure().message(), "nothing to add");
  EXPECT_EQ(rejection.failure().application_failure_info().type(), "INVALID_ARGUMENT");
}

TEST_P(Updates, any_exception_of_a_validator_rejects) {
  history.Task();
  history.UpdateRequested("u1", "add", Arguments<Text>("odd"));
  history.OpenTask();
  EXPECT_EQ(BodyOf<Rejection>(CompletedTask(history).messages(0)).failure().message(), "odd");
}

TEST_P(Updates, an_argument_that_does_not_fit_is_rejected) {
  history.Task();
  history.UpdateRequested("u1", "slow", Arguments(17));
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), IsEmpty());
  BodyOf<Rejection>(reply.messages(0));
}

TEST_P(Updates, an_unknown_name_is_rejected) {
  history.Task();
  history.UpdateRequested("u1", "remove", Arguments<Text>("a"));
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), IsEmpty());
  EXPECT_EQ(BodyOf<Rejection>(reply.messages(0)).failure().message(),
            "Update handler for 'remove' expected but not found, and known updates: [add bad slow]");
}

TEST_P(Updates, of_a_handler_that_fails) {
  history.Task();
  history.UpdateRequested("u1", "add", Arguments<Text>("throw"));
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), ElementsAre(kMessage, kMessage));
  const auto response = BodyOf<Response>(reply.messages(1));
  EXPECT_EQ(response.outcome().failure().message(), "no more");
  EXPECT_EQ(response.outcome().failure().application_failure_info().type(), "FULL");
}

TEST_P(Updates, other_exceptions_fail_the_task) {
  const std::pair<Text, Text> cases[] = {
      {"crash", "a bug"},
      {"again", "the handler of update 'add' must not continue as new"},
      {"sleep", "a timer is not allowed in a query handler, a validator or a condition"},
      {"wake", "the handler of update 'add' must not continue as new"},
  };
  for (const auto& [text, message] : cases) {
    HistoryBuilder failing("main");
    failing.Task();
    failing.UpdateRequested("u1", "add", Arguments(text));
    failing.OpenTask();
    const WorkflowTaskReply reply = ReplyTo(failing);
    ASSERT_TRUE(std::holds_alternative<Failed>(reply)) << text;
    EXPECT_EQ(std::get<Failed>(reply).failure().message(), message);
    EXPECT_EQ(std::get<Failed>(reply).messages_size(), 0);
  }
}

TEST_P(Updates, an_exception_after_a_while_fails_the_task) {
  history.Task();
  history.UpdateRequested("u1", "bad", Arguments<Text>(""));
  history.Task();
  history.UpdateAccepted("u1");
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  const WorkflowTaskReply reply = ReplyTo(history);
  ASSERT_TRUE(std::holds_alternative<Failed>(reply));
  EXPECT_EQ(std::get<Failed>(reply).failure().message(), "a bug after a while");
}

TEST_P(Updates, keep_their_order_among_signals) {
  history.Task();
  history.Signaled("note", Arguments<Text>("1"));
  history.Signaled("late", Arguments<Text>("2"));
  history.UpdateAdmitted("u1", "add", Arguments<Text>("3"));
  history.Signaled("note", Arguments<Text>("4"));
  history.UpdateRequested("u2", "add", Arguments<Text>("5"));
  history.UpdateRequested("u3", "add", Arguments<Text>("6"));
  history.OpenTask();
  EXPECT_EQ(ResultOf(CompletedTask(history).messages(5)), "run 1 2 3 4 5 6 ");
  history.TaskCompleted();
  for (const char* id : {"u1", "u2", "u3"}) {
    history.UpdateAccepted(id);
    history.UpdateCompleted(id);
  }
  history.UpdateRequested("u4", "add", Arguments<Text>("end"));
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_EQ(ResultText(reply), "run 1 2 3 4 5 6 end ");
  EXPECT_EQ(reply.messages_size(), 2);
}

TEST_P(Updates, admitted_in_the_first_task_of_a_reset_run) {
  history.UpdateAdmitted("u1", "add", Arguments<Text>("a"));
  history.Signaled("note", Arguments<Text>("b"));
  history.Task();
  history.UpdateAccepted("u1");
  history.UpdateCompleted("u1");
  history.UpdateRequested("u2", "add", Arguments<Text>("end"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "a b run end ");
}

TEST_P(Updates, one_that_was_admitted_and_rejected_is_not_replayed) {
  history.UpdateAdmitted("u1", "add", Arguments<Text>(""));
  history.Task();
  history.UpdateRequested("u2", "add", Arguments<Text>("end"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "run end ");
}

TEST_P(Updates, after_empty_tasks_833_910_961) {
  // An empty task looks like a heartbeat: merged with the next, Run would begin after the update on replay.
  history.Task();
  history.UpdateRequested("u1", "add", Arguments<Text>("a"));
  history.Task();
  history.UpdateAccepted("u1");
  history.UpdateCompleted("u1");
  history.Task();  // a rejection that was recorded
  history.Task();
  history.UpdateRequested("u2", "add", Arguments<Text>("end"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "run a end ");
}

TEST_P(Updates, run_before_what_a_signal_of_their_task_sets_going) {
  registry_.AddFunction(WorkflowRef<Nothing, Text>("timer"), [](Context ctx, Nothing) -> Task<Text> {
    bool go = false;
    bool updated = false;
    ctx.HandleSignal(SignalRef<Nothing>("go"), [&] { go = true; });
    ctx.HandleUpdate(UpdateRef<Nothing, bool>("update"), [&] { return std::exchange(updated, true); });
    co_await ctx.Until([&] { return go; });
    (void)ctx.Sleep(1min);
    co_await ctx.Until([&] { return updated; });
    co_return "updated";
  });
  HistoryBuilder timer("timer");
  timer.Task();
  timer.Signaled("go");
  timer.UpdateRequested("u1", "update");
  timer.OpenTask();
  // The condition is asked when all is quiet, after the update.
  EXPECT_THAT(CommandsAt(timer), ElementsAre(kMessage, kMessage, kTimer, kComplete));
}

TEST_P(Updates, may_get_their_handler_while_the_code_runs) {
  constexpr WorkflowRef<Nothing, Text> kFunction{"function"};
  registry_.AddFunction(kFunction, [](Context ctx, Nothing) -> Task<Text> {
    Text seen;
    ctx.HandleUpdate(kAdd, [&](Text text) -> Text { return seen += text; });
    co_await ctx.Until([&] { return seen.size() == 2; });
    co_return seen;
  });
  HistoryBuilder function("function");
  function.UpdateRequested("u1", "add", Arguments<Text>("a"));
  function.UpdateRequested("u2", "other");
  function.OpenTask();
  const Completed first = CompletedTask(function);
  EXPECT_THAT(Types(first), ElementsAre(kMessage, kMessage));
  ASSERT_EQ(first.messages_size(), 3);
  EXPECT_EQ(ResultOf(first.messages(1)), "a");
  BodyOf<Rejection>(first.messages(2));
  function.TaskCompleted();
  function.UpdateAccepted("u1");
  function.UpdateCompleted("u1");
  function.UpdateRequested("u3", "add", Arguments<Text>("b"));
  function.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(function)), "ab");
}

TEST_P(Updates, a_cancelled_workflow_fails_those_under_way) {
  history.UpdateRequested("u1", "slow", Arguments<Text>("a"));
  history.Task();
  history.UpdateAccepted("u1");
  history.ActivityScheduled("1", "step");
  history.CancelRequested();
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK, kMessage,
                                        enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION));
  EXPECT_TRUE(BodyOf<Response>(reply.messages(0)).outcome().failure().has_activity_failure_info());
}

TEST_P(Updates, a_query_in_the_same_task_sees_them) {
  history.Task();
  history.UpdateRequested("u1", "add", Arguments<Text>("a"));
  const int64_t started = history.OpenTask();
  PolledTask task = history.TaskAt(started, GetParam() == Mode::kCached ? 4 : 1);
  (*task.mutable_queries())["q"].set_query_type("seen");
  WorkflowTaskHandler handler(GetParam() == Mode::kCached ? CachingOptions() : UncachedOptions(), registry_,
                              NoFetcher());
  if (GetParam() == Mode::kCached) ASSERT_TRUE(handler.Handle(history.TaskAt(3)).ok());
  const auto reply = std::get<Completed>(*handler.Handle(task));
  EXPECT_EQ(reply.messages_size(), 2);
  EXPECT_EQ(FromPayload<Text>(reply.query_results().at("q").answer().payloads(0)).value(), "run a ");
}

TEST_P(Updates, code_and_history_disagree) {
  const auto nondeterminism = [&](const HistoryBuilder& other) {
    const WorkflowTaskReply reply = ReplyTo(other);
    if (!std::holds_alternative<Failed>(reply)) return Text("no failure");
    EXPECT_EQ(std::get<Failed>(reply).cause(), enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
    return std::get<Failed>(reply).failure().message();
  };
  {
    HistoryBuilder gone("main");
    gone.UpdateRequested("u1", "remove");
    gone.Task();
    gone.UpdateAccepted("u1");
    gone.OpenTask();
    EXPECT_THAT(nondeterminism(gone), HasSubstr("history has WorkflowExecutionUpdateAccepted (event 5), for which the "
                                                "workflow's code issues no command"));
  }
  {
    HistoryBuilder slower("main");
    slower.UpdateRequested("u1", "add", Arguments<Text>("a"));
    slower.Task();
    slower.UpdateAccepted("u1");
    slower.TimerStarted("1");
    slower.OpenTask();
    EXPECT_THAT(nondeterminism(slower),
                HasSubstr("the workflow's code has the answer to an update where history has TimerStarted (event 6)"));
  }
  {
    HistoryBuilder unfinished("main");
    unfinished.UpdateRequested("u1", "add", Arguments<Text>("a"));
    unfinished.Task();
    unfinished.UpdateAccepted("u1");
    unfinished.OpenTask();
    EXPECT_THAT(nondeterminism(unfinished), HasSubstr("issues COMMAND_TYPE_PROTOCOL_MESSAGE, for which history has"));
  }
  {
    HistoryBuilder other("main");
    other.UpdateRequested("u1", "add", Arguments<Text>("a"));
    other.Task();
    other.UpdateAccepted("u1");
    other.UpdateCompleted("u2");
    other.OpenTask();
    EXPECT_THAT(nondeterminism(other), HasSubstr("the update id is 'u1' in the workflow's code, but 'u2' in "
                                                 "WorkflowExecutionUpdateCompleted (event 6)"));
  }
}

TEMPORAL_ALL_MODES(Updates);

}  // namespace
}  // namespace temporal::core
