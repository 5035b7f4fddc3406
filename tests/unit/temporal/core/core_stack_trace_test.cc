#include <string>

#include "gmock/gmock.h"
#include "temporal/api/sdk/v1/enhanced_stack_trace.pb.h"
#include "temporal/common/builtin_queries.h"
#include "temporal/core/stack_trace.h"
#include "temporal/workflow/channel.h"
#include "tests/unit/temporal/core/harness.h"

// What a run at rest tells about its coroutines.
namespace temporal::core {
namespace {

using internal::FutureState;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Text = std::string;

constexpr ActivityRef<Text, Text> kStep{"step"};
constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr WorkflowRef<Text, Text> kChild{"child"};
constexpr SignalRef<Text> kPoke{"poke"};
constexpr UpdateRef<Text, Text> kMove{"move"};

ActivityOptions Minute() { return ActivityOptions(1min); }

Task<Text> Inner(Context ctx) { co_return co_await ctx.Execute(kStep, "inner", Minute()); }
Task<Text> Outer(Context ctx) { co_return co_await Inner(ctx); }
Task<void> Beside(Context ctx) { co_await ctx.Sleep(90s); }

struct Waits {
  explicit Waits(Context c) : ctx(c), channel(c, "go") {}
  Task<Text> Run(Nothing) {
    const auto beside = ctx.Spawn(Beside(ctx));
    co_await ctx.Execute(kStep, "first", Minute());
    co_await AnyOf(ctx.Until([] { return false; }), channel.Received(), ctx.UntilFor([] { return false; }, 1500ms),
                   ctx.Cancelled());
    co_return "done";
  }
  Task<void> OnPoke(Text) {
    ChildOptions options;
    options.workflow_id = "kid";
    co_await ctx.ExecuteChild(kChild, "x", options);
  }
  Task<Text> OnMove(Text) { co_return co_await Outer(ctx); }
  Context ctx;
  SignalChannel<Nothing> channel;
};

class StackTraces : public ::testing::Test {
 protected:
  StackTraces() { registry_.Add<Waits>(kMain).Signal(kPoke, &Waits::OnPoke).Update(kMove, &Waits::OnMove); }

  // One more task, done by the worker that keeps the run.
  void Task() {
    history_.OpenTask();
    const int64_t started = history_.last_id();
    EXPECT_TRUE(std::holds_alternative<Completed>(cached_.Handle(history_.TaskAt(started, next_)).value()));
    next_ = started + 1;
    history_.TaskCompleted();
  }

  // What the query says at rest. `replayed`: on a worker that has not seen the run before.
  template <class Result>
  Result Ask(const QueryRef<Nothing, Result>& query, bool replayed) {
    PolledTask task = history_.TaskAt();
    task.clear_history();
    task.set_started_event_id(0);
    task.set_previous_started_event_id(next_ - 1);
    task.mutable_query()->set_query_type(std::string(query.name));
    if (replayed) *task.mutable_history() = history_.history();
    WorkflowTaskHandler fresh(UncachedOptions(), registry_, NoFetcher());
    const auto reply = (replayed ? fresh : cached_).Handle(task).value();
    const auto& answer = std::get<QueryCompleted>(reply);
    EXPECT_EQ(answer.error_message(), "");
    return FromPayload<Result>(answer.query_result().payloads(0)).value();
  }
  Text Trace() {
    const auto live = Ask(kStackTraceQuery, /*replayed=*/false);
    EXPECT_EQ(live, Ask(kStackTraceQuery, /*replayed=*/true));
    return live;
  }

  WorkflowRegistry registry_;
  HistoryBuilder history_{"main"};

 private:
  WorkflowTaskHandler cached_{CachingOptions(), registry_, NoFetcher()};
  int64_t next_ = 1;
};

TEST_F(StackTraces, list_each_coroutine_and_what_it_waits_for) {
  history_.Signaled("poke", Arguments<Text>("x"));
  Task();
  history_.ChildInitiated("kid", "child");
  history_.ActivityScheduled("1", "step");
  history_.TimerStarted("1");
  const Text trace = Trace();
  EXPECT_THAT(trace, AllOf(HasSubstr("coroutine 1: signal 'poke' [blocked on child workflow child, id kid]\n"),
                           HasSubstr("coroutine 2: Run [blocked on activity step, id 1]\n"),
                           ContainsRegex("coroutine 3: a coroutine spawned at .*core_stack_trace_test.cc:[0-9]+ "
                                         "\\[blocked on timer 1 of 90s\\]\n")));
  EXPECT_THAT(trace, ContainsRegex("Task<.*> .*Waits::Run\\(.*\\)\n    .*core_stack_trace_test.cc:[0-9]+\n"));
  EXPECT_THAT(trace, Not(HasSubstr("RunToFuture")));
  EXPECT_LT(trace.find("coroutine 1"), trace.find("coroutine 2"));
  EXPECT_LT(trace.find("coroutine 2"), trace.find("coroutine 3"));
}

TEST_F(StackTraces, name_the_parts_of_a_choice_that_are_open) {
  Task();
  const int64_t step = history_.ActivityScheduled("1", "step");
  history_.TimerStarted("1");
  history_.ActivityDone(step, Encoded<Text>("x"));
  Task();
  history_.TimerStarted("2");
  EXPECT_THAT(Trace(),
              HasSubstr("coroutine 1: Run [blocked on any of (a condition, signal 'go', a condition, for 1.5s, "
                        "cancellation)]\n"));
}

TEST_F(StackTraces, for_programs_have_the_sdk_s_frames_too) {
  Task();
  history_.ActivityScheduled("1", "step");
  history_.TimerStarted("1");
  const auto trace = Ask(kEnhancedStackTraceQuery, /*replayed=*/false);
  EXPECT_EQ(trace.sdk().name(), "temporal-cpp");
  ASSERT_EQ(trace.stacks_size(), 2);
  const auto& run = trace.stacks(0);
  EXPECT_THAT(run.locations(0).function_name(), HasSubstr("Waits::Run"));
  EXPECT_GT(run.locations(0).line(), 0);
  EXPECT_FALSE(run.locations(0).internal_code());
  EXPECT_TRUE(run.locations(run.locations_size() - 1).internal_code());
}

class Around : public WorkflowInterceptor {
 public:
  Around(Context context, Text* place) : context_(context), place_(place) {}
  temporal::Task<Payload> ExecuteWorkflow(ExecuteWorkflowInput input,
                                          Next<temporal::Task<Payload>, ExecuteWorkflowInput> next) override {
    co_return co_await next(std::move(input));
  }
  void HandleSignal(HandleSignalInput input, Next<void, HandleSignalInput> next) override {
    *place_ = context_.runtime().scheduler().place().ToString();
    next(std::move(input));
  }
  Payload HandleQuery(HandleQueryInput input, Next<Payload, HandleQueryInput> next) override {
    throw std::runtime_error("not for interceptors: " + input.name);
  }

 private:
  Context context_;
  Text* place_;
};

TEST(StackTrace, has_the_interceptors_in_it_and_does_not_ask_them) {
  WorkflowRegistry registry;
  registry.Add<Waits>(kMain).Signal(kPoke, &Waits::OnPoke);
  WorkflowTaskHandlerOptions options = CachingOptions();
  Text place;
  options.interceptors.push_back([&](const Context& context) { return std::make_unique<Around>(context, &place); });
  WorkflowTaskHandler handler(options, registry, NoFetcher());
  HistoryBuilder history("main");
  history.Signaled("poke", Arguments<Text>("x"));
  history.OpenTask();
  PolledTask task = history.TaskAt();
  (*task.mutable_queries())["q"].set_query_type(std::string(kStackTraceQuery.name));
  const auto reply = std::get<Completed>(handler.Handle(task).value());
  const auto& result = reply.query_results().at("q");
  EXPECT_EQ(result.error_message(), "");
  EXPECT_THAT(FromPayload<Text>(result.answer().payloads(0)).value(),
              ContainsRegex("Run \\[blocked on activity step, id 1\\]\n.*Waits::Run.*\n.*\n.*Around::ExecuteWorkflow"));
  EXPECT_EQ(place, "in signal 'poke', before its first co_await");
}

TEST(StackTrace, lists_calls_the_innermost_first_and_is_empty_at_the_end) {
  internal::Scheduler scheduler;
  const auto state = std::make_shared<FutureState<int>>(scheduler);
  state->set_label(internal::MakeLabel("the end of the world"));
  struct Calls {
    static Task<int> Inner(Future<int> future) { co_return co_await future; }
    static Task<int> Outer(Future<int> future) { co_return co_await Inner(future) + 1; }
  };
  const Future<int> result = internal::Spawn(scheduler, Calls::Outer(Future<int>(state)), "it");
  EXPECT_EQ(StackTrace(scheduler), "coroutine 1: it [ready to start]\n");
  scheduler.Drain();
  EXPECT_THAT(StackTrace(scheduler),
              ContainsRegex("it \\[blocked on the end of the world\\]\n.*Inner.*\n.*:[0-9]+\n.*Outer.*\n.*:[0-9]+\n$"));
  state->Resolve(1);
  scheduler.Drain();
  EXPECT_TRUE(result.ready());
  EXPECT_EQ(StackTrace(scheduler), "");
}

TEST(StackTrace, place_names_the_last_co_await) {
  internal::Scheduler scheduler;
  const auto state = std::make_shared<FutureState<int>>(scheduler);
  state->set_label(internal::MakeLabel("activity step, id 1"));
  std::string before;
  std::string after;
  struct Code {
    static Task<void> Run(Future<int> future, internal::Place* place, std::string* before, std::string* after) {
      *before = place->ToString();
      co_await future;
      *after = place->ToString();
    }
  };
  (void)internal::Spawn(scheduler, Code::Run(Future<int>(state), &scheduler.place(), &before, &after), "Run");
  scheduler.Drain();
  EXPECT_EQ(before, "in Run, before its first co_await");
  state->Resolve(1);
  scheduler.Drain();
  EXPECT_THAT(after, ContainsRegex("^in Run, after the co_await of activity step, id 1, at .*test.cc:[0-9]+ in .*Run"));
}

}  // namespace
}  // namespace temporal::core
