#include "tests/unit/temporal/core/live_run.h"

// An update that is rejected leaves no trace in history: what else the code does must not depend on it.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Text = std::string;

constexpr WorkflowRef<Nothing, Nothing> kMain{"main"};
constexpr SignalRef<Nothing> kOne{"one"};
constexpr SignalRef<Nothing> kTwo{"two"};
constexpr UpdateRef<Nothing, Nothing> kNever{"never"};
const Step<Nothing, Nothing> kA("a", ActivityOptions(1min));
const Step<Nothing, Nothing> kB("b", ActivityOptions(1min));

void RejectNever(const Context& ctx) {
  ctx.HandleUpdate(kNever, [] { return Nothing{}; }, [] { throw ApplicationFailure("never"); });
}

std::vector<Text> Activities(const Completed& reply) {
  std::vector<Text> types;
  for (const Command& command : reply.commands()) {
    types.push_back(command.schedule_activity_task_command_attributes().activity_type().name());
  }
  return types;
}

class RejectedUpdate : public ::testing::Test {
 protected:
  void Add(Task<Nothing> (*run)(Context, Nothing)) { registry_.AddFunction(kMain, run); }
  // The next task of `run`, with an update that is rejected.
  static Completed TaskWithUpdate(LiveRun& run) {
    run.history.UpdateRequested("u", "never");
    const Completed reply = run.Task();
    EXPECT_EQ(reply.messages_size(), 1);
    return reply;
  }
  WorkflowRegistry registry_;
};

Task<void> OnceReceived(Context ctx, SignalChannel<Nothing> channel) {
  co_await channel.Received();
  co_await ctx.Execute(kA);
}

TEST_F(RejectedUpdate, brought_again_after_a_task_that_timed_out) {
  Add(+[](Context ctx, Nothing) -> Task<Nothing> {
    RejectNever(ctx);
    const SignalChannel<Nothing> one(ctx, kOne);
    const SignalChannel<Nothing> two(ctx, kTwo);
    const Future<void> beside = ctx.Spawn(OnceReceived(ctx, one));
    co_await two.Received();
    co_await ctx.Execute(kB);
    co_await beside;
    co_return Nothing{};
  });
  LiveRun run(registry_);
  run.Task();
  run.history.OpenTask();
  run.history.TaskTimedOut();
  run.history.Signaled("one");
  run.history.Signaled("two");
  EXPECT_THAT(Activities(TaskWithUpdate(run)), ElementsAre("a", "b"));
  run.ExpectReplay();
}

TEST_F(RejectedUpdate, does_not_count_as_a_handler_under_way) {
  Add(+[](Context ctx, Nothing) -> Task<Nothing> {
    RejectNever(ctx);
    const SignalChannel<Nothing> one(ctx, kOne);
    co_await one.Received();
    co_await ctx.Execute(ctx.AllHandlersFinished() ? kA : kB);
    co_return Nothing{};
  });
  LiveRun run(registry_);
  run.Task();
  run.history.Signaled("one");
  EXPECT_THAT(Activities(TaskWithUpdate(run)), ElementsAre("a"));
  run.ExpectReplay();
}

TEST_F(RejectedUpdate, does_not_get_conditions_asked) {
  Add(+[](Context ctx, Nothing) -> Task<Nothing> {
    RejectNever(ctx);
    co_await ctx.Until([ctx] { return ctx.history_length() > 4; });
    co_await ctx.Execute(kA);
    co_return Nothing{};
  });
  LiveRun run(registry_);
  run.Task();
  EXPECT_THAT(Activities(TaskWithUpdate(run)), IsEmpty());
  run.ExpectReplay();
  run.history.Signaled("one");
  EXPECT_THAT(Activities(TaskWithUpdate(run)), ElementsAre("a"));
  run.ExpectReplay();
}

TEST_F(RejectedUpdate, without_a_handler_does_not_get_conditions_asked) {
  Add(+[](Context ctx, Nothing) -> Task<Nothing> {
    co_await ctx.Until([ctx] { return ctx.history_length() > 4; });
    co_await ctx.Execute(kA);
    co_return Nothing{};
  });
  LiveRun run(registry_);
  run.Task();
  EXPECT_THAT(Activities(TaskWithUpdate(run)), IsEmpty());
  run.ExpectReplay();
}

Task<void> OnceSlept(Context ctx) {
  co_await ctx.Sleep(1s);
  co_await ctx.Execute(kB);
}

TEST_F(RejectedUpdate, that_was_admitted_keeps_signals_behind_it) {
  Add(+[](Context ctx, Nothing) -> Task<Nothing> {
    RejectNever(ctx);
    const Future<void> a = ctx.Spawn(OnceReceived(ctx, SignalChannel<Nothing>(ctx, kOne)));
    const Future<void> b = ctx.Spawn(OnceSlept(ctx));
    co_await a;
    co_await b;
    co_return Nothing{};
  });
  LiveRun run(registry_);
  run.Task();
  const int64_t timer = run.history.last_id();
  run.history.UpdateAdmitted("u", "never");
  run.history.Signaled("one");
  run.history.TimerFired(timer);
  EXPECT_THAT(Activities(run.Task()), ElementsAre("b", "a"));
  run.ExpectReplay();
}

}  // namespace
}  // namespace temporal::core
