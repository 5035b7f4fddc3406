#include "tests/unit/temporal/core/harness.h"

// Handlers of signals, and what interceptors do at the end of a run, when things go wrong.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr SignalRef<Text> kPoke{"poke"};

class HandlersTest : public EngineTest {};
TEMPORAL_ALL_MODES(HandlersTest);

TEST_P(HandlersTest, a_coroutine_keeps_the_handler_that_it_belongs_to) {
  registry_.AddFunction(kMain, [](Context ctx, Nothing) -> Task<Text> {
    Text seen;
    ctx.HandleSignal(kPoke, [ctx, text = Text(40, 'x'), &seen](Text) -> Task<void> {
      co_await ctx.Sleep(1s);
      seen += text;
    });
    co_await ctx.Until([ctx] { return !ctx.AllHandlersFinished(); });
    ctx.HandleSignal(kPoke, [](Text) {});
    co_await ctx.Until([ctx] { return ctx.AllHandlersFinished(); });
    co_return seen;
  });
  HistoryBuilder history("main");
  history.Signaled("poke", Arguments<Text>("x"));
  history.Task();
  history.TimerFired(history.TimerStarted("1"));
  history.OpenTask();
  EXPECT_EQ(ResultText(CompletedTask(history)), Text(40, 'x'));
}

// --- an interceptor that does not let the run continue as new

class NoMore : public WorkflowInterceptor {
 public:
  explicit NoMore(bool failure) : failure_(failure) {}
  void ContinueAsNew(ContinueAsNewInput, Next<void, ContinueAsNewInput>) override {
    if (failure_) throw ApplicationFailure("no more", "ENOUGH");
    throw std::runtime_error("a bug");
  }

 private:
  const bool failure_;
};

class AtOnce {
 public:
  explicit AtOnce(Context ctx) { ctx.ContinueAsNew(Nothing{}); }
  Task<Text> Run() { co_return ""; }
};

WorkflowTaskReply ReplyWithNoMore(const WorkflowRegistry& registry, bool failure) {
  WorkflowTaskHandlerOptions options = CachingOptions();
  options.interceptors.push_back([=](const Context&) { return std::make_unique<NoMore>(failure); });
  WorkflowTaskHandler handler(options, registry, NoFetcher());
  HistoryBuilder history("main");
  history.Signaled("poke", Arguments<Text>("x"));
  history.OpenTask();
  return handler.Handle(history.TaskAt()).value();
}

void ExpectNotSwallowed(const WorkflowRegistry& registry) {
  const WorkflowTaskReply ended = ReplyWithNoMore(registry, /*failure=*/true);
  ASSERT_TRUE(std::holds_alternative<Completed>(ended));
  ASSERT_THAT(Types(std::get<Completed>(ended)), ElementsAre(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION));
  const WorkflowTaskReply failed = ReplyWithNoMore(registry, /*failure=*/false);
  ASSERT_TRUE(std::holds_alternative<Failed>(failed));
  EXPECT_EQ(std::get<Failed>(failed).failure().message(), "a bug");
}

TEST(ContinueAsNewInterceptor, that_throws_out_of_run) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, [](Context ctx, Nothing) -> Task<Text> {
    ctx.ContinueAsNew(Nothing{});
    co_return "";
  });
  ExpectNotSwallowed(registry);
}

TEST(ContinueAsNewInterceptor, that_throws_out_of_a_signal_handler) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, [](Context ctx, Nothing) -> Task<Text> {
    ctx.HandleSignal(kPoke, [ctx](Text) -> Task<void> {
      ctx.ContinueAsNew(Nothing{});
      co_return;
    });
    co_await ctx.Until([] { return false; });
    co_return "";
  });
  ExpectNotSwallowed(registry);
}

TEST(ContinueAsNewInterceptor, that_throws_out_of_a_constructor) {
  WorkflowRegistry registry;
  registry.Add<AtOnce>(kMain);
  ExpectNotSwallowed(registry);
}

}  // namespace
}  // namespace temporal::core
