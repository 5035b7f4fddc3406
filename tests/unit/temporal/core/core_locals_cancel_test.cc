#include "tests/unit/temporal/core/live_run.h"

// Local activities that are no longer wanted.
namespace temporal::core {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
constexpr ActivityRef<Text, Text> kA{"a"};
const LocalActivityOptions kLocal(10s);

class LocalsCancelTest : public ::testing::Test {
 protected:
  WorkflowRegistry registry_;
};

struct Cancelling {
  ActivityCancellation cancellation;
  bool at_once;  // in the activation that asks for it
};

class CancelLocalTest : public ::testing::TestWithParam<Cancelling> {
 protected:
  // One that never ends by itself, and another that ends first.
  void SetUp() override {
    registry_.AddFunction(kMain, [how = GetParam()](Context ctx, Nothing) -> Task<Text> {
      const CancellationScope scope = ctx.NewScope();
      LocalActivityOptions options(10s);
      options.WithCancellation(how.cancellation);
      const Future<Text> endless = scope.context().ExecuteLocal(ActivityRef<Text, Text>("endless"), "", options);
      if (!how.at_once) co_await ctx.ExecuteLocal(kA, "", kLocal);
      scope.Cancel("no longer");
      Text end = "ended";
      try {
        end = co_await endless;
      } catch (const ActivityError& e) {
        end = IsCancellation(e) ? "cancelled" : e.what();
      }
      co_await ctx.ExecuteLocal(ActivityRef<Text, Text>("b"), "", kLocal);
      co_return end;
    });
  }
  WorkflowRegistry registry_;
};
INSTANTIATE_TEST_SUITE_P(All, CancelLocalTest,
                         ::testing::Values(Cancelling{ActivityCancellation::kTryCancel, true},
                                           Cancelling{ActivityCancellation::kTryCancel, false},
                                           Cancelling{ActivityCancellation::kAbandon, true},
                                           Cancelling{ActivityCancellation::kAbandon, false},
                                           Cancelling{ActivityCancellation::kWaitCompleted, true},
                                           Cancelling{ActivityCancellation::kWaitCompleted, false}));

TEST_P(CancelLocalTest, as_its_options_say) {
  const Cancelling how = GetParam();
  LiveRun run(registry_);
  run.host.script = {{2}, {1}, {2}, {3}};
  const Text end = run.ToTheEnd();
  const bool waits = how.cancellation == ActivityCancellation::kWaitCompleted && !how.at_once;
  EXPECT_EQ(end, waits ? "endless1" : "cancelled");
  EXPECT_EQ(run.host.started[0].activity_type, how.at_once ? "b" : "endless") << "what is not begun is taken back";
  const bool told = !how.at_once && how.cancellation != ActivityCancellation::kAbandon;
  EXPECT_EQ(run.host.cancelled.size(), told ? 1u : 0u);
  run.ExpectReplay();
}

TEST_F(LocalsCancelTest, a_cancellation_that_a_dead_worker_was_told_of_is_not_forgotten) {
  registry_.AddFunction(
      kMain, +[](Context ctx, Nothing) -> Task<Text> {
        LocalActivityOptions options(10s);
        options.WithCancellation(ActivityCancellation::kWaitCompleted);
        try {
          co_await ctx.ExecuteLocal(kA, "", options);
        } catch (const ActivityError& e) {
          co_return IsCancellation(e) ? "cancelled" : "failed";
        }
        co_return "ended";
      });
  LiveRun run(registry_);
  run.host.script = {{}, {}};
  run.Task();
  run.history.CancelRequested();
  run.Task();
  EXPECT_THAT(run.host.cancelled, ElementsAre(1));
  run.MoveToAnotherWorker();
  EXPECT_EQ(run.ToTheEnd(), "cancelled");
  EXPECT_EQ(run.host.started.size(), 1u);
  run.ExpectReplay();
}

TEST_F(LocalsCancelTest, a_back_off_can_be_cancelled) {
  registry_.AddFunction(
      kMain, +[](Context ctx, Nothing) -> Task<Text> {
        try {
          LocalActivityOptions options(10s);
          options.WithLocalRetryThreshold(10s);
          co_await ctx.ExecuteLocal(kA, "in", options);
        } catch (const WorkflowFailure& e) {
          co_return IsCancellation(e) ? "cancelled" : e.what();
        }
        co_return "ended";
      });
  LiveRun run(registry_);
  run.host.ends = [](const LocalActivityCall& call) {
    LocalActivityResult result = EndedBadly(call, FailureMessage());
    result.backoff = 90s;
    return result;
  };
  run.Task();
  const int64_t timer = run.history.last_id();
  run.history.CancelRequested();
  run.history.OpenTask();
  WorkflowTaskHandler handler(CachingOptions(), registry_, NoFetcher());
  const auto reply = std::get<Completed>(*handler.Handle(run.history.TaskAt()));
  EXPECT_THAT(Types(reply),
              ElementsAre(enums::COMMAND_TYPE_CANCEL_TIMER, enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION));
  EXPECT_EQ(ResultText(reply), "cancelled");
  EXPECT_EQ(timer, 6);
}

}  // namespace
}  // namespace temporal::core
