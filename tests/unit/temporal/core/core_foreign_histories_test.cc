#include <fstream>

#include "google/protobuf/util/json_util.h"
#include "temporal/testing/replayer.h"
#include "tests/unit/temporal/core/harness.h"

// Histories that another SDK's engine recorded. They lie in the archive that the API's protos come from.
namespace temporal::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Text = std::string;

absl::Status Replay(const char* file, const char* type,
                    std::function<void(WorkflowRegistry&, WorkflowRef<Nothing, Text>)> add) {
  WorkflowRegistry registry;
  add(registry, WorkflowRef<Nothing, Text>(type));
  return Replayer(registry).ReplayFile(std::filesystem::path(FOREIGN_HISTORIES) / file);
}

Task<Text> OneTimer(Context ctx, Nothing) {
  co_await ctx.Sleep(1s);
  co_return "";
}

Task<Text> OneActivity(Context ctx, Nothing) {
  co_await ctx.Execute(ActivityRef<Nothing, Nothing>("say_hello"), Nothing{}, ActivityOptions(10s));
  co_await ctx.Until([] { return false; });
  co_return "";
}

Task<Text> PatchAndTimers(Context ctx, Nothing) {
  ctx.Patched("integ_test_change_name");
  for (int i = 0; i < 3; ++i) co_await ctx.Sleep(1s);
  co_return "";
}

TEST(ForeignHistories, a_timer_numbered_from_zero) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, OneTimer); };
  EXPECT_EQ(Replay("timer_workflow_history.bin", "timer_workflow_NqA7v+rB", add), absl::OkStatus());
}

TEST(ForeignHistories, a_failed_task_in_between) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, OneTimer); };
  EXPECT_EQ(Replay("fail_wf_task.bin", "fail_wf_task_PITR/89Y", add), absl::OkStatus());
}

TEST(ForeignHistories, ends_with_an_empty_task) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, OneActivity); };
  EXPECT_EQ(Replay("ends_empty_wft_complete.bin", "SayHelloWorkflow", add), absl::OkStatus());
}

TEST(ForeignHistories, the_old_format_of_patch_markers) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, PatchAndTimers); };
  EXPECT_EQ(Replay("old_change_marker_format.bin", "writes_change_markers", add), absl::OkStatus());
}

TEST(ForeignHistories, other_code_is_seen) {
  const auto add = [](WorkflowRegistry& registry, auto ref) { registry.AddFunction(ref, OneActivity); };
  EXPECT_THAT(std::string(Replay("timer_workflow_history.bin", "timer_workflow_NqA7v+rB", add).message()),
              HasSubstr("an activity where history has TimerStarted (event 5)"));
}

}  // namespace
}  // namespace temporal::testing
