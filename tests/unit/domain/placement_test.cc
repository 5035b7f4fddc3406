#include "domain/allocation/placement.h"

#include <gtest/gtest.h>

namespace gpuaas::domain {
namespace {

PlacementNode Node(const std::string& id, int total, int free) {
  PlacementNode node{.id = NodeId(id), .region = "r", .gpu_model = "H200", .gpus_total = total};
  for (int i = 0; i < free; ++i) node.free_gpus.push_back(id + "-" + std::to_string(i));
  return node;
}

PlacementRequest Wish(int gpus) { return {.region = "r", .gpu_model = "H200", .gpus = gpus}; }

TEST(PlacementTest, TakesTheTightestFitSoThatWholeNodesStayWhole) {
  const auto result = Place({Node("a", 8, 8), Node("b", 8, 3), Node("c", 8, 1)}, Wish(2));
  ASSERT_TRUE(result.placement.has_value());
  EXPECT_EQ(result.placement->node.str(), "b");
  EXPECT_EQ(result.placement->gpus, (std::vector<std::string>{"b-0", "b-1"}));
  EXPECT_EQ(result.counts.fit, 2);
}

TEST(PlacementTest, TiesGoToTheSmallerId) {
  EXPECT_EQ(Place({Node("b", 8, 8), Node("a", 8, 8)}, Wish(8)).placement->node.str(), "a");
}

TEST(PlacementTest, CountsEachNodeAtTheFirstConstraintItFails) {
  std::vector<PlacementNode> nodes;
  for (int i = 0; i < 7; ++i) nodes.push_back(Node("n" + std::to_string(i), 8, 8));
  nodes[0].region = "elsewhere";
  nodes[1].state = NodeState::kCordoned;
  nodes[2].contact = NodeContact::kLate;
  nodes[3].gpu_model = "H100";
  nodes[4] = Node("n4", 4, 4);
  nodes[5] = Node("n5", 8, 5);
  PlacementRequest wish = Wish(6);
  wish.excluded = {NodeId("n6")};
  const auto result = Place(nodes, wish);
  EXPECT_FALSE(result.placement.has_value());
  EXPECT_EQ(CountsToJson(result.counts),
            R"({"nodes":7,"fell_out":{"region":1,"excluded":1,"state":2,"model":1,"size":1,"free":1}})");
  EXPECT_EQ(Explain(result.counts, wish),
            "no node fits 6 x H200 in r: of 7 nodes 1 in another region, 1 excluded after a failure, 2 not taking "
            "allocations now, 1 with other GPUs, 1 with fewer GPUs in all, 1 with too few free GPUs");
}

TEST(PlacementTest, NoNodesAtAll) {
  const auto result = Place({}, Wish(1));
  EXPECT_EQ(Explain(result.counts, Wish(1)), "no node fits 1 x H200 in r: of 0 nodes none can be used");
}

}  // namespace
}  // namespace gpuaas::domain
