#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ShowTest, NodesHaveAModelAndAReason) {
  FakeWorld world;
  world.On("GET /api/v1/nodes", Answer(200, Page(Json::array({NodeIn("cordoned")}))));
  world.On("GET /api/v1/nodes/" + kGpu14, Answer(200, NodeIn("cordoned")));
  EXPECT_EQ(world.Run({"nodes", "list", "--columns", "model"}), 0);
  EXPECT_THAT(world.out, HasSubstr("NVIDIA H200"));
  EXPECT_EQ(world.Run({"nodes", "get", kGpu14}), 0);
  EXPECT_THAT(world.out, HasSubstr("a fan is loud"));
}

TEST(ShowTest, AQueuedAllocationSaysWhyAndWhere) {
  FakeWorld world;
  Json queued = AllocationIn("queued");
  queued["reason"] = "no node has 8 free GPUs";
  queued["queue_position"] = 3;
  world.On("GET /api/v1/allocations/" + kId, Answer(200, queued));
  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array({queued}))));
  EXPECT_EQ(world.Run({"allocations", "get", kId}), 0);
  EXPECT_THAT(world.out, HasSubstr("queue_position    3\n"));
  EXPECT_THAT(world.out, HasSubstr("reason            no node has 8 free GPUs\n"));
  EXPECT_EQ(world.Run({"allocations", "list", "--columns", "cause", "--no-headers"}), 0);
  EXPECT_EQ(world.out, "no node has 8 free GPUs\n");
}

TEST(ShowTest, WhatHasEndedHasNoLease) {
  FakeWorld world;
  Json released = AllocationIn("released");
  released["lease_expires_at"] = "2999-01-01T00:00:00Z";
  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array({released}))));
  EXPECT_EQ(world.Run({"allocations", "list"}), 0);
  EXPECT_THAT(world.out, Not(HasSubstr("2999")));
}

TEST(ShowTest, RowsOfOtherTenantsSayWhoseTheyAre) {
  FakeWorld world;
  Json own = AllocationIn("active"), foreign = AllocationIn("active", kOther);
  own["tenant_id"] = "tnt_1", own["tenant"] = "acme";
  foreign["tenant_id"] = "tnt_2", foreign["tenant"] = "globex";
  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array({own}))));
  EXPECT_EQ(world.Run({"allocations", "list"}), 0);
  EXPECT_THAT(world.out, Not(HasSubstr("TENANT")));
  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array({foreign}))));
  EXPECT_EQ(world.Run({"allocations", "list"}), 0);
  EXPECT_THAT(world.out, HasSubstr("globex"));
}

TEST(ShowTest, RunningWorkflowsHaveNoCountOfEvents) {
  FakeWorld world;
  world.On("GET /api/v1/ops/workflows",
           Answer(200, Page(Json::array({{{"kind", "node"}, {"id", "n"}, {"history_length", 0}},
                                         {{"kind", "node"}, {"id", "n"}, {"history_length", 7}}}))));
  EXPECT_EQ(world.Run({"ops", "workflows", "list", "--columns", "events", "--no-headers"}), 0);
  EXPECT_EQ(world.out, "-\n7\n");
}

}  // namespace
}  // namespace gpuaas::cli
