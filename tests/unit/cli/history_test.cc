#include "cli/render/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using ::testing::HasSubstr;

const TimePoint kNow = *ParseTime("2025-01-02T03:16:08Z");

Json Step(const std::string& name, const std::string& state, const std::string& begin, const std::string& end) {
  return {{"name", "allocation." + name},
          {"kind", "activity"},
          {"state", state},
          {"attempts", 1},
          {"started_at", begin},
          {"ended_at", end.empty() ? Json() : Json(end)},
          {"error", nullptr},
          {"detail", name == "Place" ? "gpu-14 (3 of 40 nodes fit)" : ""},
          {"next_retry_at", nullptr},
          {"attempt_list", Json::array()}};
}

Json Attempt(int number, const std::string& state, const std::string& begin, const std::string& end,
             const Json& error) {
  return {{"attempt", number}, {"state", state}, {"started_at", begin}, {"ended_at", end}, {"error", error}};
}

const Json kUnreachable = {{"code", "node_unreachable"}, {"message", "node agent unreachable"}};
const Json kSealed = {{"code", "vault_sealed"}, {"message", "secret store sealed"}};

Json History() {
  Json provision = Step("Provision", "completed", "2025-01-02T03:02:13Z", "2025-01-02T03:06:15Z");
  provision["attempts"] = 3;
  provision["attempt_list"] = {Attempt(1, "failed", "2025-01-02T03:02:13Z", "2025-01-02T03:03:00Z", kUnreachable),
                               Attempt(2, "failed", "2025-01-02T03:04:00Z", "2025-01-02T03:05:23Z", kUnreachable),
                               Attempt(3, "completed", "2025-01-02T03:05:31Z", "2025-01-02T03:06:15Z", nullptr)};
  Json open_usage = Step("OpenUsage", "failed", "2025-01-02T03:06:15Z", "2025-01-02T03:16:05Z");
  open_usage["error"] = kSealed;
  return {{"workflow_id", "allocation/" + kId},
          {"run_id", "run"},
          {"status", "failed"},
          {"steps",
           {Step("Place", "completed", "2025-01-02T03:02:12Z", "2025-01-02T03:02:13.100Z"), provision, open_usage,
            Step("Release", "completed", "2025-01-02T03:16:06Z", "2025-01-02T03:16:08Z")}}};
}

TEST(HistoryTest, Picture) {
  Json allocation = AllocationIn("failed");
  allocation["ended_at"] = "2025-01-02T03:16:11Z";
  const Terminal terminal{true, false, 120};
  EXPECT_EQ(
      HistoryPicture(AllocationTitle(allocation, terminal, kNow), History(), "gpuaas allocations list", terminal, kNow),
      kId + R"(  train-7b  FAILED  8 x h200-sxm-8x  03:02:11Z  14m00s  op_5K2Q
#  STEP        STATUS  TRY  START     TOOK   DETAIL
1  place       ok      1    03:02:12  1.1s   gpu-14 (3 of 40 nodes fit)
2  provision   ok      3    03:02:13  4m02s
   |- try 1-2               03:02:13  3m10s  node agent unreachable (node_unreachable), 2x
   `- try 3                 03:05:31  44s    ok
3  open-usage  FAILED  1    03:06:15  9m50s  secret store sealed (vault_sealed)
4  release     ok      1    03:16:06  2s
Result  failed; step 3 failed; nothing scheduled
Next    gpuaas allocations list
)");
}

TEST(HistoryTest, PipeHasWholeTimes) {
  EXPECT_THAT(HistoryPicture("", History(), "", Terminal{}, kNow), HasSubstr("2025-01-02T03:02:13Z"));
}

TEST(HistoryTest, RetryingStepSaysWhenAndWhy) {
  Json step = Step("Provision", "retrying", "2025-01-02T03:16:00Z", "");
  step["attempts"] = 2;
  step["error"] = kUnreachable;
  step["next_retry_at"] = "2025-01-02T03:16:20Z";
  step["attempt_list"] = {Attempt(1, "failed", "2025-01-02T03:16:00Z", "2025-01-02T03:16:01Z", kUnreachable),
                          Attempt(2, "failed", "2025-01-02T03:16:03Z", "2025-01-02T03:16:04Z", kUnreachable)};
  const auto rows = StepRows(step, 3, Terminal{}, kNow);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].status, "retrying");
  EXPECT_EQ(rows[0].detail, "next try in 12s");
  EXPECT_EQ(rows[1].name, "`- try 1-2");
  EXPECT_EQ(rows[1].detail, "node agent unreachable (node_unreachable), 2x");
}

TEST(HistoryTest, ACauseThatNoAttemptGaveIsARowOfItsOwn) {
  Json step = Step("Provision", "timed_out", "2025-01-02T03:16:00Z", "2025-01-02T03:16:05Z");
  step["error"] = {{"code", "deadline_exceeded"}, {"message", "out of time"}};
  step["attempt_list"] = {Attempt(1, "failed", "2025-01-02T03:16:00Z", "2025-01-02T03:16:01Z", kUnreachable),
                          Attempt(2, "running", "2025-01-02T03:16:03Z", "2025-01-02T03:16:04Z", nullptr)};
  const auto rows = StepRows(step, 1, Terminal{}, kNow);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[3].name, "`- cause");
  EXPECT_EQ(rows[3].detail, "out of time (deadline_exceeded)");
}

TEST(HistoryTest, TimersHaveNoNumberAndAreHiddenOnceCalledOff) {
  Json waiting = Step("timer 2", "running", "2025-01-02T03:16:00Z", "");
  Json called_off = Step("timer 1", "canceled", "2025-01-02T03:16:00Z", "2025-01-02T03:16:01Z");
  waiting["kind"] = called_off["kind"] = "timer";
  const Json place = Step("Place", "completed", "2025-01-02T03:16:00Z", "2025-01-02T03:16:01Z");
  const Json history = {{"status", "running"}, {"steps", Json::array({called_off, place, waiting, place})}};
  const std::string picture = HistoryPicture("", history, "", Terminal{}, kNow);
  EXPECT_THAT(picture, ::testing::Not(HasSubstr("canceled")));
  EXPECT_THAT(picture, HasSubstr("\n1  place"));
  EXPECT_THAT(picture, HasSubstr("\n   wait"));
  EXPECT_THAT(picture, HasSubstr("\n2  place"));
}

TEST(HistoryTest, ResultNamesTheWorkRatherThanTheTimerBesideIt) {
  Json timer = Step("timer", "running", "2025-01-02T03:16:00Z", "");
  timer["kind"] = "timer";
  const Json history = {
      {"status", "running"},
      {"steps", Json::array({timer, Step("Provision", "retrying", "2025-01-02T03:16:00Z", ""), timer})}};
  EXPECT_THAT(HistoryPicture("", history, "", Terminal{}, kNow), HasSubstr("running; step 1 (provision) retrying"));
}

TEST(HistoryTest, EmptyHistorySaysWhy) {
  Json history = {
      {"workflow_id", "allocation/x"}, {"run_id", nullptr}, {"status", "unknown"}, {"steps", Json::array()}};
  EXPECT_EQ(WhyEmpty(history), "no steps yet: it waits to be handed to the workflow service");
  history["run_id"] = "r";
  history["taken_up"] = false;
  EXPECT_EQ(WhyEmpty(history), "no steps yet: no worker has taken it up");
  history["taken_up"] = true;
  EXPECT_EQ(WhyEmpty(history), "no steps yet: nothing has happened");
  EXPECT_THAT(HistoryPicture("", history, "", Terminal{}, kNow), HasSubstr("nothing has happened\n"));
}

TEST(HistoryTest, ATimerSaysUntilWhenAndARequestThatItIsOne) {
  Json timer = Step("timer 6", "running", "2025-01-02T03:16:00Z", "");
  timer["kind"] = "timer";
  timer["due_at"] = "2025-01-02T04:16:08Z";
  Json request = Step("extend", "completed", "2025-01-02T03:16:00Z", "2025-01-02T03:16:00Z");
  request["kind"] = "signal";
  EXPECT_EQ(StepRows(timer, 0, Terminal{}, kNow)[0].name, "wait");
  EXPECT_EQ(StepRows(timer, 0, Terminal{}, kNow)[0].detail, "until 2025-01-02T04:16:08Z (in 1h00m)");
  EXPECT_EQ(StepRows(timer, 0, Terminal{true, false, 80}, kNow)[0].detail, "until 04:16:08Z (in 1h00m)");
  EXPECT_EQ(StepRows(request, 1, Terminal{}, kNow)[0].name, "extend (request)");
}

TEST(HistoryTest, StepNames) {
  EXPECT_EQ(StepName("allocation.OpenUsage"), "open-usage");
  EXPECT_EQ(StepName("Place"), "place");
  EXPECT_EQ(StepName("nodes.x\x1b[31m"), "x");
}

}  // namespace
}  // namespace gpuaas::cli
