#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "temporal/common/failure.h"
#include "temporal/testing/environment/activity_environment.h"
#include "temporal/testing/environment/workflow_environment.h"
#include "temporal/testing/replayer.h"
#include "temporal/workflow/channel.h"

// The testing kit as its users see it; temporal/testing/README.md shows the same.
namespace temporal::testing {
namespace {

using namespace std::chrono_literals;

constexpr ActivityRef<int, int> kCount{"Count"};
constexpr ActivityRef<std::string, Nothing> kCharge{"Charge"};
constexpr WorkflowRef<std::string, std::string> kReminder{"Reminder"};
constexpr SignalRef<std::string> kPaid{"paid"};

// Counts up to `n`, from where an earlier attempt came to.
absl::StatusOr<int> Count(ActivityContext& context, int n) {
  const auto last = context.LastHeartbeat<int>();
  if (!last.ok()) return last.status();
  for (int i = last->value_or(0) + 1; i <= n; ++i) {
    if (context.cancelled()) return context.Cancelled();
    if (absl::Status status = context.Heartbeat(i); !status.ok()) return status;
  }
  return n;
}

TEST(ActivityEnvironment, RecordsEveryHeartbeat) {
  ActivityEnvironment environment;
  EXPECT_EQ(*environment.Execute(kCount, Count, 3), 3);
  EXPECT_EQ(*environment.Heartbeats<int>(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(environment.heartbeat_count(), 3);
  EXPECT_EQ(environment.Heartbeats<std::string>().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ActivityEnvironment, GoesOnWhereAnEarlierAttemptStopped) {
  ActivityEnvironment environment;
  ASSERT_TRUE(environment.SetLastHeartbeat(8).ok());
  environment.info.attempt = 2;
  EXPECT_EQ(*environment.Execute(kCount, Count, 10), 10);
  EXPECT_EQ(*environment.Heartbeats<int>(), (std::vector<int>{9, 10}));
}

TEST(ActivityEnvironment, CancelsDuringAHeartbeat) {
  ActivityEnvironment environment;
  environment.OnHeartbeat([&] {
    if (environment.heartbeat_count() == 2) environment.Cancel();
  });
  EXPECT_EQ(environment.Execute(kCount, Count, 5).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(environment.heartbeat_count(), 2);
}

TEST(ActivityEnvironment, ShowsTheAttemptsFacts) {
  ActivityEnvironment environment;
  environment.info.attempt = 7;
  const auto attempt = [](ActivityContext& context, int) -> absl::StatusOr<int> {
    EXPECT_EQ(context.info().activity_type, "Count");
    return context.info().attempt;
  };
  EXPECT_EQ(*environment.Execute(kCount, attempt, 0), 7);
}

TEST(ActivityEnvironment, ErrorsAreThoseOfAWorker) {
  ActivityEnvironment environment;
  const auto throws = [](ActivityContext&, int) -> absl::StatusOr<int> { throw std::runtime_error("oh"); };
  EXPECT_EQ(environment.Execute(kCount, throws, 0).status().code(), absl::StatusCode::kInternal);
  const ActivityRegistry nothing;
  EXPECT_EQ(environment.Execute(nothing, kCount, 0).status().code(), absl::StatusCode::kUnimplemented);
}

// Reminds every day until it is paid, at most 30 times.
struct Reminder {
  explicit Reminder(Context c) : context(c), paid(c, kPaid) {}
  Task<std::string> Run(std::string name) {
    for (int day = 0; day < 30; ++day) {
      const auto first = co_await AnyOf(paid.Received(), context.Sleep(24h));
      if (first.index() == 0) co_return "paid by " + std::get<0>(first);
      const ActivityOptions options(10s);
      co_await context.Execute(kCharge, name, options);
    }
    co_return "given up";
  }
  Context context;
  SignalChannel<std::string> paid;
};

class ReminderTest : public ::testing::Test {
 protected:
  ReminderTest() {
    workflows.Add<Reminder>(kReminder);
    // Stands in for the real one.
    activities.Add(kCharge, [this](ActivityContext& context, std::string) -> absl::Status {
      ++charges;
      return context.info().attempt < 2 ? absl::UnavailableError("busy") : absl::OkStatus();
    });
    EXPECT_TRUE(environment->StartWorker(workflows, activities).ok());
  }
  const std::unique_ptr<WorkflowEnvironment> environment = WorkflowEnvironment::TimeSkipping();
  WorkflowRegistry workflows;
  ActivityRegistry activities;
  std::atomic<int> charges = 0;
};

TEST_F(ReminderTest, AMonthTakesNoTime) {
  const Time before = environment->Now();
  const auto result = environment->Execute(kReminder, "ada");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, "given up");
  EXPECT_EQ(charges, 2 * 30);  // each is retried once
  EXPECT_GE(environment->Now() - before, 30 * 24h);
  EXPECT_EQ(environment->CheckReplay(), absl::OkStatus());
}

TEST_F(ReminderTest, TimeStandsStillWhileNobodyWaits) {
  const auto execution = environment->Start(kReminder, "ada");
  ASSERT_TRUE(execution.ok()) << execution.status();
  const Time before = environment->Now();
  ASSERT_EQ(environment->Sleep(24h * 3 + 1h), absl::OkStatus());
  EXPECT_EQ(environment->Now() - before, 24h * 3 + 1h);
  EXPECT_EQ(charges, 2 * 3);
  ASSERT_TRUE(environment->client()->Signal(*execution, kPaid, std::string("bob")).ok());
  EXPECT_EQ(*environment->GetResult(kReminder, *execution), "paid by bob");
  EXPECT_EQ(charges, 2 * 3);
  EXPECT_EQ(environment->CheckReplay(), absl::OkStatus());
}

TEST_F(ReminderTest, CodeThatHasChangedDoesNotReplay) {
  ASSERT_TRUE(environment->Start(kReminder, "ada", "one").ok());
  ASSERT_EQ(environment->Sleep(25h), absl::OkStatus());
  WorkflowRegistry others;
  others.AddFunction(kReminder, [](Context context, std::string) -> Task<std::string> {
    co_await context.Sleep(1h);
    co_return "";
  });
  Replayer replayer(others);
  EXPECT_EQ(replayer.Replay(environment->fake()->History("one")).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace temporal::testing
