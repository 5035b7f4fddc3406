#include "tests/unit/temporal/core/harness.h"

// Signals, queries, cancellation.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr SignalRef<Text> kAdd{"add"};
constexpr SignalRef<Nothing> kGo{"go"};
constexpr QueryRef<Nothing, Text> kState{"state"};
constexpr QueryRef<Text, Text> kEcho{"echo"};
const Step<Text, Text> kStep{"step", ActivityOptions(10s)};

// Collects signals until "go", then answers what it has.
class Collector {
 public:
  explicit Collector(Context ctx) : ctx_(ctx) {}
  Task<Text> Run() {
    seen_ += "[run]";
    co_await ctx_.Until([this] { return go_; });
    co_return seen_;
  }
  void Add(const Text& text) { seen_ += text; }
  Task<void> AddSlowly(Text text) {
    co_await ctx_.Sleep(1s);
    seen_ += text;
  }
  void Go() { go_ = true; }
  const Text& State() const { return seen_; }
  Text Echo(const Text& text) const {
    if (text == "throw") throw std::runtime_error("cannot");
    return text + text;
  }

 private:
  Context ctx_;
  Text seen_;
  bool go_ = false;
};

void Register(WorkflowRegistry& registry) {
  registry.Add<Collector>(kMain.name)
      .Signal(kAdd, &Collector::Add)
      .Signal("add-slowly", &Collector::AddSlowly)
      .Signal(kGo, &Collector::Go)
      .Query(kState, &Collector::State)
      .Query(kEcho, &Collector::Echo);
}

class MessagesTest : public EngineTest {
 protected:
  void SetUp() override { Register(registry_); }
};
TEMPORAL_ALL_MODES(MessagesTest);

TEST_P(MessagesTest, signals_that_came_with_the_start_are_handled_before_run) {
  HistoryBuilder history("main");
  history.Signaled("add", Arguments<Text>("a"));
  history.Signaled("add", Arguments<Text>("b"));
  history.Signaled("go");
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "ab[run]");
}

TEST_P(MessagesTest, signals_are_handled_in_order_and_wake_conditions) {
  HistoryBuilder history("main");
  history.Task();
  history.Signaled("add", Arguments<Text>("a"));
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), IsEmpty());
  history.TaskCompleted();
  history.Signaled("add", Arguments<Text>("b"));
  history.Signaled("go");
  history.Signaled("add", Arguments<Text>("c"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "[run]abc");
}

TEST_P(MessagesTest, a_handler_may_be_a_coroutine) {
  HistoryBuilder history("main");
  history.Task();
  history.Signaled("add-slowly", Arguments<Text>("s"));
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_START_TIMER));
  history.TaskCompleted();
  history.TimerFired(history.TimerStarted("1"));
  history.Signaled("go");
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "[run]s");
}

TEST_P(MessagesTest, a_signal_that_does_not_fit_is_dropped) {
  HistoryBuilder history("main");
  history.Signaled("add", Arguments<long long>(7));
  history.Signaled("go");
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), "[run]");
}

Task<Text> LateHandlers(Context ctx, Nothing) {
  co_await ctx.Sleep(1s);
  SignalChannel<Text> channel(ctx, kAdd);
  const Text first = co_await channel.Received();
  const Text second = co_await channel.Received();
  co_return first + second;
}

TEST(Signals, are_kept_until_somebody_handles_them) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, LateHandlers);
  HistoryBuilder history("main");
  history.Signaled("add", Arguments<Text>("a"));
  history.Task();
  const int64_t timer = history.TimerStarted("1");
  history.Signaled("add", Arguments<Text>("b"));
  history.TimerFired(timer);
  history.OpenTask();
  WorkflowTaskHandler handler(UncachedOptions(), registry, NoFetcher());
  EXPECT_EQ(ResultText(std::get<Completed>(*handler.Handle(history.TaskAt()))), "ab");
}

// --- queries

void AddQuery(PolledTask& task, const std::string& id, const std::string& type, const Payloads& arguments = {}) {
  auto& query = (*task.mutable_queries())[id];
  query.set_query_type(type);
  *query.mutable_query_args() = arguments;
}

PolledTask LegacyQuery(const HistoryBuilder& history, const std::string& type, bool with_history) {
  PolledTask task = history.TaskAt();
  task.clear_history();
  task.set_started_event_id(0);
  task.set_previous_started_event_id(history.PreviousStarted(history.last_id() + 1));
  if (with_history) *task.mutable_history() = history.history();
  task.mutable_query()->set_query_type(type);
  return task;
}

std::string Answer(const WorkflowTaskReply& reply) {
  const auto* query = std::get_if<QueryCompleted>(&reply);
  if (query == nullptr) return "no answer";
  if (query->completed_type() != enums::QUERY_RESULT_TYPE_ANSWERED) return "failed: " + query->error_message();
  return FromPayload<Text>(query->query_result().payloads(0)).value();
}

TEST(Queries, query_mixed_with_jobs_603) {
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.Signaled("add", Arguments<Text>("a"));
  history.OpenTask();
  PolledTask task = history.TaskAt();
  AddQuery(task, "q1", "state");
  AddQuery(task, "q2", "echo", Arguments<Text>("x"));
  AddQuery(task, "q3", "unknown");
  AddQuery(task, "q4", "echo", Arguments<Text>("throw"));
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto reply = std::get<Completed>(*handler.Handle(task));
  ASSERT_EQ(reply.query_results_size(), 4);
  const auto text = [&](const char* id) {
    return FromPayload<Text>(reply.query_results().at(id).answer().payloads(0)).value();
  };
  EXPECT_EQ(text("q1"), "a[run]");  // after the jobs
  EXPECT_EQ(text("q2"), "xx");
  EXPECT_EQ(reply.query_results().at("q3").result_type(), enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_THAT(
      reply.query_results().at("q3").error_message(),
      HasSubstr("known queries: [__enhanced_stack_trace __stack_trace __temporal_workflow_metadata echo state]"));
  EXPECT_EQ(reply.query_results().at("q4").error_message(), "cannot");
}

TEST(Queries, a_query_is_answered_from_the_cache) {
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.Signaled("add", Arguments<Text>("a"));
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  ASSERT_TRUE(handler.Handle(history.TaskAt()).ok());
  EXPECT_EQ(Answer(*handler.Handle(LegacyQuery(history, "state", false))), "a[run]");
  EXPECT_EQ(handler.cached_runs(), 1u);
}

Task<Text> BusyWithQuery(Context ctx, Nothing) {
  ctx.HandleQuery(kState, [] { return Text("busy"); });
  co_return co_await ctx.Execute(kStep, "");
}

TEST(Queries, a_query_between_tasks_does_not_evict) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, BusyWithQuery);
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  ASSERT_THAT(Types(std::get<Completed>(*handler.Handle(history.TaskAt()))),
              ElementsAre(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK));
  EXPECT_EQ(Answer(*handler.Handle(LegacyQuery(history, "state", false))), "busy");
  EXPECT_EQ(handler.cached_runs(), 1u);
  history.TaskCompleted();
  history.ActivityDone(history.ActivityScheduled("1", "step"), Encoded<Text>("done"));
  history.OpenTask();
  EXPECT_EQ(ResultText(std::get<Completed>(*handler.Handle(history.TaskAt(0, 4)))), "done");
  EXPECT_EQ(handler.cached_runs(), 0u);  // closed
}

TEST(Queries, a_query_replays_what_is_not_cached) {
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.Signaled("add", Arguments<Text>("a"));
  history.Task();
  WorkflowTaskHandler uncached(UncachedOptions(), registry, NoFetcher());
  EXPECT_EQ(Answer(*uncached.Handle(LegacyQuery(history, "state", true))), "a[run]");
  PagedHistory pages(history, history.last_id());
  WorkflowTaskHandler evicted(CachingOptions(), registry, pages);
  EXPECT_EQ(Answer(*evicted.Handle(LegacyQuery(history, "state", false))), "a[run]");
}

TEST(Queries, partial_task_query_306) {
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.Task();
  history.Signaled("add", Arguments<Text>("not yet"));
  history.TaskScheduled();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_EQ(Answer(*handler.Handle(LegacyQuery(history, "state", true))), "[run]");
  EXPECT_EQ(handler.cached_runs(), 0u);
}

// A query that waited may meet a task that is under way: the updates of that task came with it alone.
TEST(Queries, a_run_built_from_a_task_under_way_is_not_kept) {
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_EQ(Answer(*handler.Handle(LegacyQuery(history, "state", true))), "[run]");
  EXPECT_EQ(handler.cached_runs(), 0u);
}

TEST(Queries, a_run_without_a_single_task_can_be_queried) {
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.TaskScheduled();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  EXPECT_EQ(Answer(*handler.Handle(LegacyQuery(history, "state", true))), "");
  EXPECT_EQ(handler.cached_runs(), 0u);
  // And begins as ever afterwards.
  history.TaskStarted();
  EXPECT_TRUE(std::holds_alternative<Completed>(*handler.Handle(history.TaskAt())));
}

TEST(Queries, a_closed_run_can_be_queried) {
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.Signaled("go");
  history.Task();
  history.Completed();
  WorkflowTaskHandler handler(UncachedOptions(), registry, NoFetcher());
  EXPECT_EQ(Answer(*handler.Handle(LegacyQuery(history, "state", true))), "[run]");
}

TEST(Queries, a_query_of_a_broken_run_fails_instead_of_the_task) {
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.Task();
  history.TimerStarted("1");
  WorkflowTaskHandler handler(UncachedOptions(), registry, NoFetcher());
  EXPECT_THAT(Answer(*handler.Handle(LegacyQuery(history, "state", true))), HasSubstr("failed: [TMPRL1100]"));
}

TEST(Queries, answers_during_replay_617) {
  // A query on a task that is still replayed gets its answer, and no commands go out with it.
  WorkflowRegistry registry;
  Register(registry);
  HistoryBuilder history("main");
  history.Signaled("go");
  history.Task();
  history.Completed();
  PolledTask task = history.TaskAt();
  *task.mutable_history() = history.history();
  task.set_previous_started_event_id(task.started_event_id());
  AddQuery(task, "q", "state");
  WorkflowTaskHandler handler(UncachedOptions(), registry, NoFetcher());
  const auto reply = std::get<Completed>(*handler.Handle(task));
  EXPECT_EQ(reply.query_results_size(), 1);
  EXPECT_THAT(Types(reply), IsEmpty());
}

Task<Text> EndAtOnce() { co_return ""; }

TEST(Queries, a_query_must_not_change_the_workflow) {
  WorkflowRegistry registry;
  registry.AddFunction(
      kMain, +[](Context ctx, Nothing) -> Task<Text> {
        ctx.HandleQuery(kState, [ctx] {
          (void)ctx.Sleep(1s);
          return Text();
        });
        ctx.HandleQuery(kEcho, [ctx](Text) {
          (void)ctx.Spawn(EndAtOnce());
          return Text();
        });
        co_await ctx.Until([] { return false; });
        co_return "";
      });
  HistoryBuilder history("main");
  history.OpenTask();
  PolledTask task = history.TaskAt();
  AddQuery(task, "q1", "state");
  AddQuery(task, "q2", "echo", Arguments<Text>("x"));
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto reply = std::get<Completed>(*handler.Handle(task));
  EXPECT_THAT(reply.query_results().at("q1").error_message(), HasSubstr("not allowed in a query handler"));
  EXPECT_THAT(reply.query_results().at("q2").error_message(),
              HasSubstr("a coroutine is not allowed in a query handler"));
  EXPECT_THAT(Types(reply), IsEmpty());
}

// --- cancellation of the workflow

class CancelTest : public EngineTest {};
TEMPORAL_ALL_MODES(CancelTest);

Task<Text> CleansUp(Context ctx, Nothing) {
  Text cleaned;
  try {
    co_await ctx.Sleep(1h);
  } catch (const CancelledError& e) {
    cleaned = e.what();
  }
  if (ctx.cancelled()) co_await ctx.Shielded().Execute(kStep, cleaned);
  ctx.ThrowIfCancelled();
  co_return "not cancelled";
}

TEST_P(CancelTest, shielded_steps_go_on_after_cancellation) {
  registry_.AddFunction(kMain, CleansUp);
  HistoryBuilder history("main");
  history.Task();
  const int64_t timer = history.TimerStarted("1");
  history.CancelRequested();
  history.OpenTask();
  const Completed first = CompletedTask(history);
  ASSERT_THAT(Types(first), ElementsAre(enums::COMMAND_TYPE_CANCEL_TIMER, enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK));
  EXPECT_EQ(FromPayloads<Text>(first.commands(1).schedule_activity_task_command_attributes().input()).value(),
            "asked for");
  history.TaskCompleted();
  history.TimerCanceled(timer);
  history.ActivityDone(history.ActivityScheduled("1", "step"), Encoded<Text>(""));
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION));
}

Task<Text> WaitsForActivity(Context ctx, Nothing) { co_return co_await ctx.Execute(kStep, ""); }

TEST_P(CancelTest, an_escaping_cancelled_activity_cancels_the_workflow) {
  registry_.AddFunction(kMain, WaitsForActivity);
  HistoryBuilder history("main");
  history.Task();
  history.ActivityStarted(history.ActivityScheduled("1", "step"));
  history.CancelRequested();
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK,
                                               enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION));
}

Task<Text> WaitsForSignal(Context ctx, Nothing) {
  SignalChannel<Text> channel(ctx, kAdd);
  co_return co_await channel.Received();
}

TEST_P(CancelTest, waiting_for_a_signal_can_be_cancelled) {
  registry_.AddFunction(kMain, WaitsForSignal);
  HistoryBuilder history("main");
  history.Task();
  history.CancelRequested();
  history.OpenTask();
  EXPECT_THAT(CommandsAt(history), ElementsAre(enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION));
}

Task<Text> CancelledBeforeSteps(Context ctx, Nothing) {
  Text seen;
  try {
    co_await ctx.Execute(kStep, "");
  } catch (const CancelledError&) {
    seen += "activity ";
  }
  const auto which = co_await AnyOf(ctx.Cancelled(), ctx.Shielded().Sleep(1h));
  co_return seen + std::get<0>(which);
}

TEST_P(CancelTest, a_cancelled_scope_starts_nothing) {
  registry_.AddFunction(kMain, CancelledBeforeSteps);
  HistoryBuilder history("main");
  history.CancelRequested();
  history.OpenTask();
  const Completed reply = CompletedTask(history);
  EXPECT_THAT(Types(reply),
              ElementsAre(enums::COMMAND_TYPE_START_TIMER, enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
  EXPECT_EQ(ResultText(reply), "activity asked for");
}

}  // namespace
}  // namespace temporal::core
