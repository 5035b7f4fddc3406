#include <functional>
#include <optional>

#include "tests/unit/temporal/core/harness.h"

// What may only look must not change the workflow, not even by half: queries, validators, conditions.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr SignalRef<Text> kAdd{"add"};
constexpr QueryRef<Nothing, Nothing> kLook{"look"};
constexpr UpdateRef<Nothing, Nothing> kTry{"try"};
const Step<Nothing, Nothing> kStep("step", ActivityOptions(1min));

Task<void> Nap(Context ctx) { co_await ctx.Sleep(1s); }

// Sleeps in a scope, then takes the signal that waits. Looking means to call `look`.
struct Looker {
  explicit Looker(Context c) : ctx(c), channel(c, kAdd), scope(c.NewScope()) {
    ctx.HandleQuery(kLook, [this] {
      look(*this);
      return Nothing{};
    });
    ctx.HandleUpdate(kTry, [] { return Nothing{}; }, [this] { look(*this); });
  }
  Task<Text> Run() {
    co_await scope.context().Sleep(1h);
    co_return channel.TryReceive().value_or("nothing");
  }
  Context ctx;
  SignalChannel<Text> channel;
  CancellationScope scope;
  std::optional<Future<Text>> kept;
  static inline void (*look)(Looker&) = nullptr;
};

struct Changes {
  const char* name;
  void (*look)(Looker&);
  const char* message;
};
constexpr char kNotAllowed[] = " is not allowed in a query handler, a validator or a condition";
const Changes kChanges[] = {
    {"cancel", [](Looker& looker) { looker.scope.Cancel(); }, "the cancellation of a scope"},
    {"try_receive", [](Looker& looker) { (void)looker.channel.TryReceive(); }, "taking a signal"},
    {"receive", [](Looker& looker) { looker.kept = looker.channel.Received(); }, "taking a signal"},
    {"spawn", [](Looker& looker) { (void)looker.ctx.Spawn(Nap(looker.ctx)); }, "a coroutine"},
};

class ReadOnlyTest : public ::testing::TestWithParam<Changes> {
 protected:
  ReadOnlyTest() {
    Looker::look = GetParam().look;
    registry.Add<Looker>(kMain);
    history.Signaled("add", Arguments<Text>("x"));
    history.OpenTask();
  }
  Completed Answer(const PolledTask& task) { return std::get<Completed>(handler.Handle(task).value()); }

  WorkflowRegistry registry;
  HistoryBuilder history{"main"};
  WorkflowTaskHandler handler{CachingOptions(), registry, NoFetcher()};
};
INSTANTIATE_TEST_SUITE_P(All, ReadOnlyTest, ::testing::ValuesIn(kChanges),
                         [](const auto& each) { return Text(each.param.name); });

TEST_P(ReadOnlyTest, a_query_is_refused_and_the_cached_run_goes_on) {
  PolledTask task = history.TaskAt();
  (*task.mutable_queries())["change"].set_query_type("look");
  (*task.mutable_queries())["trace"].set_query_type("__stack_trace");
  const Completed first = Answer(task);
  EXPECT_THAT(Types(first), ElementsAre(enums::COMMAND_TYPE_START_TIMER));
  EXPECT_EQ(first.query_results().at("change").error_message(), Text(GetParam().message) + kNotAllowed);
  const auto& trace = first.query_results().at("trace").answer().payloads(0);
  EXPECT_THAT(FromPayload<Text>(trace).value(), Not(HasSubstr("spawned")));
  history.TaskCompleted();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  EXPECT_EQ(ResultText(Answer(history.TaskAt(0, 5))), "x");
}

TEST_P(ReadOnlyTest, a_validator_fails_the_task) {
  Answer(history.TaskAt());
  history.TaskCompleted();
  history.TimerStarted("1");
  history.UpdateRequested("u", "try");
  history.OpenTask();
  const WorkflowTaskReply reply = handler.Handle(history.TaskAt(0, 5)).value();
  ASSERT_TRUE(std::holds_alternative<Failed>(reply));
  EXPECT_EQ(std::get<Failed>(reply).failure().message(), Text(GetParam().message) + kNotAllowed);
}

// --- conditions

class ConditionTest : public EngineTest {
 protected:
  // What becomes of a workflow with this condition, asked a second time.
  Text Message(std::function<bool(Context)> condition) {
    registry_ = WorkflowRegistry();
    registry_.AddFunction(kMain, [condition](Context ctx, Nothing) -> Task<Text> {
      co_await ctx.Until([&, asked = false]() mutable { return std::exchange(asked, true) && condition(ctx); });
      co_return "held";
    });
    HistoryBuilder history("main");
    history.OpenTask();
    const WorkflowTaskReply reply = ReplyTo(history);
    return std::holds_alternative<Failed>(reply) ? std::get<Failed>(reply).failure().message() : "no failure";
  }
};
TEMPORAL_ALL_MODES(ConditionTest);

TEST_P(ConditionTest, must_not_wait_for_a_condition) {
  EXPECT_EQ(Message([](Context ctx) { return ctx.Until([] { return true; }).ready(); }),
            Text("a condition") + kNotAllowed);
}

TEST_P(ConditionTest, must_not_start_a_step) {
  EXPECT_EQ(Message([](Context ctx) { return ctx.Sleep(1s).ready(); }), Text("a timer") + kNotAllowed);
  EXPECT_EQ(Message([](Context ctx) { return ctx.Execute(kStep).ready(); }), Text("an activity") + kNotAllowed);
}

// The last time is when its limit is up.
TEST_P(ConditionTest, with_a_limit_must_not_either) {
  registry_.AddFunction(kMain, [](Context ctx, Nothing) -> Task<Text> {
    const Time begin = ctx.Now();
    const bool held =
        co_await ctx.UntilFor([ctx, begin] { return ctx.Now() > begin && ctx.Execute(kStep).ready(); }, 1s);
    co_return held ? "held" : "time is up";
  });
  HistoryBuilder history("main");
  history.Task();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  const WorkflowTaskReply reply = ReplyTo(history);
  ASSERT_TRUE(std::holds_alternative<Failed>(reply));
  EXPECT_EQ(std::get<Failed>(reply).failure().message(), Text("an activity") + kNotAllowed);
}

}  // namespace
}  // namespace temporal::core
