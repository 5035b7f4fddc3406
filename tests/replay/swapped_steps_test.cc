// The proof that replay_test would notice: this binary has the flow of an allocation with two of its steps swapped
// (CMakeLists.txt), and its histories must not replay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "temporal/testing/replayer.h"
#include "workflows/allocation/allocation_workflow.h"

namespace gpuaas::workflows {
namespace {

using ::testing::HasSubstr;

TEST(SwappedSteps, MakeTheReplayFail) {
  temporal::WorkflowRegistry registry;
  RegisterAllocation(registry);
  temporal::testing::Replayer replayer(registry);
  const std::filesystem::path histories(GPUAAS_HISTORIES);
  const absl::Status status = replayer.ReplayFile(histories / "allocation_extended_and_released.json");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("TMPRL1100"));
  // A history that does not reach the swapped steps is untouched by the change.
  EXPECT_TRUE(replayer.ReplayFile(histories / "allocation_queued_then_active.json").ok());
}

}  // namespace
}  // namespace gpuaas::workflows
