#include <fstream>

#include "google/protobuf/util/json_util.h"
#include "temporal/testing/replayer.h"
#include "tests/unit/temporal/core/harness.h"

namespace temporal::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Text = std::string;

constexpr WorkflowRef<Nothing, Text> kMain{"main"};
const Step<Text, Text> kA{"a", ActivityOptions(10s)};
const Step<Text, Text> kB{"b", ActivityOptions(10s)};

Task<Text> AThenB(Context ctx, Nothing) {
  co_await ctx.Execute(kA, "");
  co_return co_await ctx.Execute(kB, "");
}
Task<Text> BThenA(Context ctx, Nothing) {
  co_await ctx.Execute(kB, "");
  co_return co_await ctx.Execute(kA, "");
}
Task<Text> Forever(Context ctx, Nothing) {
  co_await ctx.Execute(kA, "");
  co_await ctx.Execute(kB, "");
  co_await ctx.Until([] { return false; });
  co_return "";
}

HistoryBuilder Recorded() {
  HistoryBuilder history("main");
  history.Task();
  history.ActivityDone(history.ActivityScheduled("1", "a"), core::Encoded<Text>("x"));
  history.Task();
  history.ActivityDone(history.ActivityScheduled("2", "b"), core::Encoded<Text>("y"));
  history.Task();
  history.Completed();
  return history;
}

std::string Json(const api::history::v1::History& history) {
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(history, &json).ok());
  return json;
}

TEST(Replayer, replays_what_the_code_did) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, AThenB);
  EXPECT_EQ(Replayer(registry).Replay(Recorded().history()), absl::OkStatus());
}

TEST(Replayer, swapped_steps_are_seen) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, BThenA);
  const absl::Status status = Replayer(registry).Replay(Recorded().history());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("[TMPRL1100]"));
}

TEST(Replayer, an_end_that_the_code_does_not_reach_is_seen) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, Forever);
  EXPECT_THAT(std::string(Replayer(registry).Replay(Recorded().history()).message()),
              HasSubstr("WorkflowExecutionCompleted (event 17), for which the workflow's code issues no command"));
}

TEST(Replayer, replays_a_run_that_goes_on) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, AThenB);
  HistoryBuilder history("main");
  history.Task();
  history.ActivityStarted(history.ActivityScheduled("1", "a"));
  EXPECT_EQ(Replayer(registry).Replay(history.history()), absl::OkStatus());
  WorkflowRegistry other;
  other.AddFunction(kMain, BThenA);
  EXPECT_EQ(Replayer(other).Replay(history.history()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Replayer, reads_json_with_either_spelling_of_enums) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, AThenB);
  std::string json = Json(Recorded().history());
  EXPECT_EQ(Replayer(registry).ReplayJson(json), absl::OkStatus());
  for (const auto& [name, camel] : {std::pair("EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "WorkflowExecutionStarted"),
                                    std::pair("EVENT_TYPE_ACTIVITY_TASK_SCHEDULED", "ActivityTaskScheduled")}) {
    for (size_t at; (at = json.find(name)) != std::string::npos;) json.replace(at, std::string(name).size(), camel);
  }
  EXPECT_EQ(Replayer(registry).ReplayJson(json), absl::OkStatus());
}

TEST(Replayer, says_what_is_no_history) {
  WorkflowRegistry registry;
  Replayer replayer(registry);
  EXPECT_EQ(replayer.ReplayJson("{").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(replayer.ReplayJson("[]").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(replayer.ReplayFile("/nonexistent.json").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(replayer.Replay(Recorded().history()).code(), absl::StatusCode::kUnimplemented);
}

TEST(Replayer, replays_a_folder) {
  WorkflowRegistry registry;
  registry.AddFunction(kMain, AThenB);
  const std::filesystem::path folder = ::testing::TempDir() + "/replayer_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "one.json") << Json(Recorded().history());
  std::ofstream(folder / "two.bin", std::ios::binary) << Recorded().history().SerializeAsString();
  const auto results = Replayer(registry).ReplayDirectory(folder);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->size(), 2u);
  for (const auto& [name, status] : *results) EXPECT_TRUE(status.ok()) << name << ": " << status;
}

}  // namespace
}  // namespace temporal::testing
