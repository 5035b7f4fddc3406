#include "tests/unit/temporal/core/update_log.h"

// Speculative tasks, which the server drops if all that comes of them is rejections; and what else becomes of updates.
namespace temporal::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Speculative : public ::testing::Test {
 protected:
  Speculative() {
    registry.Add<Log>(kMain)
        .Update(kAdd, &Log::Add, &Log::CheckAdd)
        .Update(kSlow, &Log::Slow)
        .Signal(kNote, &Log::Note);
    real.UpdateRequested("u1", "slow", Arguments<Text>("a"));
    real.Task();  // 2 3 4
    real.UpdateAccepted("u1");
    real.ActivityScheduled("1", "step");  // 6
  }

  // What `handler` answers to the task, which begins with event `first`.
  Completed Answer(const HistoryBuilder& history, int64_t started, int64_t first) {
    auto reply = handler.Handle(history.TaskAt(started, first));
    EXPECT_TRUE(reply.ok()) << reply.status();
    if (const auto* failed = std::get_if<Failed>(&*reply)) ADD_FAILURE() << failed->failure().message();
    return std::get<Completed>(*std::move(reply));
  }

  WorkflowRegistry registry;
  HistoryBuilder real{"main"};
  WorkflowTaskHandler handler{CachingOptions(), registry, NoFetcher()};
};

TEST_F(Speculative, a_dropped_task_leaves_no_trace) {
  HistoryBuilder dropped = real;
  dropped.UpdateRequested("u2", "add", Arguments<Text>(""));
  const int64_t started = dropped.OpenTask();  // 7 8
  Answer(real, 3, 1);
  const Completed rejection = Answer(dropped, started, 4);
  EXPECT_TRUE(rejection.capabilities().discard_speculative_workflow_task_with_events());
  EXPECT_THAT(Types(rejection), IsEmpty());
  EXPECT_EQ(rejection.messages_size(), 1);
  handler.Rewind(real.run_id(), started, 3);
  EXPECT_EQ(handler.cached_runs(), 1u);

  // The command events come again, with the signal.
  real.Signaled("note", Arguments<Text>("b"));
  real.UpdateRequested("u3", "add", Arguments<Text>("c"));
  real.OpenTask();
  const Completed next = Answer(real, 0, 4);
  EXPECT_THAT(Types(next), ElementsAre(kMessage, kMessage));
  EXPECT_EQ(ResultOf(next.messages(1)), "a? run b c ");
}

TEST_F(Speculative, dropped_again_and_again) {
  Answer(real, 3, 1);
  for (int i = 0; i < 3; ++i) {
    HistoryBuilder dropped = real;
    dropped.UpdateRequested("u2", "add", Arguments<Text>(""));
    const int64_t started = dropped.OpenTask();
    EXPECT_EQ(Answer(dropped, started, 4).messages_size(), 1);
    handler.Rewind(real.run_id(), started, 3);
  }
  real.UpdateRequested("u3", "add", Arguments<Text>("b"));
  real.OpenTask();
  EXPECT_EQ(ResultOf(Answer(real, 0, 4).messages(1)), "a? run b ");
}

TEST_F(Speculative, a_rewind_that_comes_too_late_changes_nothing) {
  Answer(real, 3, 1);
  real.UpdateRequested("u2", "add", Arguments<Text>("b"));
  const int64_t started = real.Task();
  real.UpdateAccepted("u2");
  real.UpdateCompleted("u2");
  Answer(real, started - 1, 4);
  handler.Rewind(real.run_id(), 99, 3);
  real.UpdateRequested("u3", "add", Arguments<Text>("c"));
  real.OpenTask();
  EXPECT_EQ(ResultOf(Answer(real, 0, started).messages(1)), "a? run b c ");
}

TEST_F(Speculative, a_rewind_to_somewhere_else_evicts) {
  Answer(real, 3, 1);
  handler.Rewind(real.run_id(), 3, 2);
  EXPECT_EQ(handler.cached_runs(), 0u);
  handler.Rewind("unknown", 3, 2);
  EXPECT_EQ(handler.cached_runs(), 0u);
}

TEST_F(Speculative, what_a_dropped_task_told_is_told_again) {
  // The first task was done by an older engine, which told nothing.
  HistoryBuilder old("main");
  old.Task();
  HistoryBuilder dropped = old;
  dropped.UpdateRequested("u1", "add", Arguments<Text>(""));
  const int64_t started = dropped.OpenTask();
  Completed first = Answer(dropped, started, 1);
  ASSERT_FALSE(first.sdk_metadata().sdk_name().empty());
  handler.Rewind(old.run_id(), started, 3);
  old.Signaled("note", Arguments<Text>("b"));
  old.OpenTask();
  EXPECT_EQ(Answer(old, 0, 4).sdk_metadata().ShortDebugString(), first.sdk_metadata().ShortDebugString());
}

// --- what else can go wrong

TEST(UpdateMessages, of_another_protocol_fail_the_task) {
  WorkflowRegistry registry;
  registry.Add<Log>(kMain);
  HistoryBuilder history("main");
  history.OpenTask();
  PolledTask task = history.TaskAt();
  task.add_messages()->mutable_body()->PackFrom(Response());
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  const auto reply = handler.Handle(task);
  ASSERT_TRUE(std::holds_alternative<Failed>(*reply));
  EXPECT_THAT(std::get<Failed>(*reply).failure().message(), HasSubstr("is not a request for an update"));
}

TEST(UpdateMessages, two_of_one_id_fail_the_task) {
  WorkflowRegistry registry;
  registry.Add<Log>(kMain).Update(kAdd, &Log::Add, &Log::CheckAdd).Update(kSlow, &Log::Slow);
  for (const char* name : {"add", "slow"}) {
    HistoryBuilder history("main");
    history.UpdateRequested("u1", name, Arguments<Text>("a"));
    history.UpdateRequested("u1", name, Arguments<Text>("b"));
    history.OpenTask();
    WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
    const auto reply = handler.Handle(history.TaskAt());
    ASSERT_TRUE(std::holds_alternative<Failed>(*reply)) << name;
    EXPECT_THAT(std::get<Failed>(*reply).failure().message(), HasSubstr("update 'u1' is requested twice"));
  }
}

struct Alive {
  Alive() { ++count; }
  ~Alive() { --count; }
  static inline int count = 0;
};

TEST(UpdateHandlers, are_destroyed_with_their_run) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, [](Context ctx, Nothing) -> Task<Text> {
    ctx.HandleUpdate(UpdateRef<Nothing, Nothing>("wait"), [ctx]() -> Task<void> {
      const Alive alive;
      co_await ctx.Until([] { return false; });
    });
    co_await ctx.Until([] { return false; });
    co_return "";
  });
  HistoryBuilder history("main");
  history.UpdateRequested("u1", "wait");
  history.UpdateRequested("u2", "wait");
  history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry, NoFetcher());
  ASSERT_TRUE(handler.Handle(history.TaskAt()).ok());
  EXPECT_EQ(Alive::count, 2);
  handler.Evict(history.run_id());
  EXPECT_EQ(Alive::count, 0);
}

TEST(UpdateHandlers, of_signals_count_too) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, [](Context ctx, Nothing) -> Task<Text> {
    ctx.HandleSignal(SignalRef<Nothing>("wait"), [ctx]() -> Task<void> { co_await ctx.Sleep(1min); });
    co_await ctx.Until([ctx] { return ctx.AllHandlersFinished(); });
    co_return "quiet";
  });
  HistoryBuilder history("main");
  history.Signaled("wait");
  history.Task();
  const int64_t timer = history.TimerStarted("1");
  history.TimerFired(timer);
  history.OpenTask();
  WorkflowTaskHandler handler(UncachedOptions(), registry, NoFetcher());
  EXPECT_EQ(ResultText(std::get<Completed>(*handler.Handle(history.TaskAt()))), "quiet");
}

}  // namespace
}  // namespace temporal::core
