// The flows against histories that earlier builds recorded: what was running before an upgrade goes on after it.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "temporal/testing/replayer.h"
#include "workflows/allocation/allocation_workflow.h"
#include "workflows/nodes/node_workflow.h"
#include "workflows/nodes/region_watch_workflow.h"

namespace gpuaas::workflows {
namespace {

std::vector<std::string> Histories() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(GPUAAS_HISTORIES)) names.push_back(entry.path().stem());
  return names;
}

class RecordedHistory : public ::testing::TestWithParam<std::string> {};

TEST_P(RecordedHistory, Replays) {
  temporal::WorkflowRegistry registry;
  RegisterAllocation(registry);
  RegisterNode(registry);
  RegisterRegionWatch(registry);
  temporal::testing::Replayer replayer(registry);
  const absl::Status status = replayer.ReplayFile(std::filesystem::path(GPUAAS_HISTORIES) / (GetParam() + ".json"));
  EXPECT_TRUE(status.ok()) << status;
}

INSTANTIATE_TEST_SUITE_P(Of, RecordedHistory, ::testing::ValuesIn(Histories()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace gpuaas::workflows
