#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using platform::HttpRequest;
using platform::HttpResult;
using ::testing::HasSubstr;

Json OperationIn(const std::string& state, const Json& error = nullptr) {
  return {{"id", "op_5K2Q"},
          {"kind", "cordon"},
          {"resource_kind", "node"},
          {"resource_id", kGpu14},
          {"state", state},
          {"error", error},
          {"created_at", "2025-01-02T03:02:11Z"},
          {"ended_at", nullptr}};
}

TEST(OrderTest, SaysThatItWasAcceptedAndHowToFollowIt) {
  FakeWorld world;
  world.On("POST /api/v1/nodes/" + kGpu14 + "/cordon", Answer(202, NodeIn("active")));
  EXPECT_EQ(world.Run({"nodes", "cordon", kGpu14}), 0);
  EXPECT_EQ(world.out, "");  // the state is that of before
  EXPECT_EQ(world.err, "accepted: cordon gpu-14 (operation op_5K2Q)\nnext: gpuaas operations get op_5K2Q --watch\n");
  EXPECT_EQ(world.Run({"nodes", "cordon", kGpu14, "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["operation_id"], "op_5K2Q");
  EXPECT_EQ(world.err, "");

  world.On("POST /api/v1/allocations/" + kId + "/release", Answer(202, AllocationIn("active")));
  EXPECT_EQ(world.Run({"allocations", "release", kId}), 0);
  EXPECT_THAT(world.err, HasSubstr("accepted: release train-7b (" + kId + ") (operation op_5K2Q)\n"));
  EXPECT_THAT(world.err, HasSubstr("next: gpuaas allocations get " + kId + " --watch --until released\n"));
}

TEST(OrderTest, WaitsForTheOperation) {
  FakeWorld world;
  world.On("POST /api/v1/nodes/" + kGpu14 + "/cordon", Answer(202, NodeIn("active")));
  world.On("GET /api/v1/nodes/" + kGpu14, Answer(200, NodeIn("cordoned")));
  int asked = 0;
  world.On("GET /api/v1/operations/op_5K2Q", [&](const HttpRequest&) -> HttpResult {
    if (++asked == 2) return ErrorAnswer(503, "unavailable", "restarting");
    return Answer(200, OperationIn(asked < 4 ? "running" : "succeeded"));
  });
  EXPECT_EQ(world.Run({"nodes", "cordon", kGpu14, "--wait", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["state"], "cordoned");
  EXPECT_EQ(asked, 4);

  world.On("GET /api/v1/operations/op_5K2Q",
           Answer(200, OperationIn("failed", {{"code", "conflict"}, {"message", "another order took its place"}})));
  EXPECT_EQ(world.Run({"nodes", "cordon", kGpu14, "--wait", "-o", "json"}), 1);
  EXPECT_EQ(Json::parse(world.err)["code"], "wait_failed");
  EXPECT_EQ(Json::parse(world.err)["details"]["cause"], "conflict");

  world.On("GET /api/v1/operations/op_5K2Q", Answer(200, OperationIn("running")));
  EXPECT_EQ(world.Run({"nodes", "cordon", kGpu14, "--wait", "--timeout", "1ms", "-o", "json"}), 8);
  EXPECT_EQ(Json::parse(world.err)["code"], "still_pending");
}

TEST(OrderTest, ExtendWaitsToo) {
  FakeWorld world;
  world.On("POST /api/v1/allocations/" + kId + "/extend", Answer(202, AllocationIn("active")));
  world.On("GET /api/v1/operations/op_5K2Q", Answer(200, OperationIn("succeeded")));
  Json longer = AllocationIn("active");
  longer["lease_expires_at"] = "2999-01-01T00:00:00Z";
  world.On("GET /api/v1/allocations/" + kId, Answer(200, longer));
  EXPECT_EQ(world.Run({"allocations", "extend", kId, "--by", "2h", "--wait"}), 0);
  EXPECT_THAT(world.out, HasSubstr("2999-01-01T00:00:00Z"));
  EXPECT_EQ(world.Run({"allocations", "extend", kId, "--by", "2h"}), 0);
  EXPECT_THAT(world.err, HasSubstr("accepted: extend train-7b (" + kId + ") by 2h (operation op_5K2Q)"));
}

TEST(OrderTest, OperationsCanBeLookedAtAndFollowed) {
  FakeWorld world;
  world.On("GET /api/v1/operations/op_5K2Q", Answer(200, OperationIn("running")));
  EXPECT_EQ(world.Run({"operations", "get", "op_5K2Q"}), 0);
  EXPECT_THAT(world.out, HasSubstr("cordon"));
  EXPECT_EQ(world.Run({"operations", "get", "op_5K2Q", "--watch", "--timeout", "1ms", "-o", "json"}), 8);
  EXPECT_EQ(Json::parse(world.out)["state"], "running");
  world.On("GET /api/v1/operations/op_5K2Q",
           Answer(200, OperationIn("failed", {{"code", "no_capacity"}, {"message", "none"}})));
  EXPECT_EQ(world.Run({"operations", "get", "op_5K2Q", "--watch", "-o", "json"}), 3);
  EXPECT_EQ(Json::parse(world.err)["code"], "no_capacity");
  EXPECT_EQ(world.Run({"operations", "get", "op_5K2Q", "--timeout", "1s"}), 2);  // bounds nothing
  EXPECT_THAT(world.err, HasSubstr("--watch"));
}

TEST(OrderTest, ARefusedReclaimSaysWhatComesFirst) {
  FakeWorld world;
  Json refusal = {{"code", "invalid_state"},
                  {"message", "the node is active"},
                  {"correlation_id", "c"},
                  {"details", {{"state", "active"}}}};
  world.On("POST /api/v1/nodes/" + kGpu14 + "/reclaim", Answer(409, refusal));
  EXPECT_EQ(world.Run({"nodes", "reclaim", kGpu14, "--yes"}), 7);
  EXPECT_THAT(world.err, HasSubstr("gpuaas nodes drain " + kGpu14));
}

}  // namespace
}  // namespace gpuaas::cli
