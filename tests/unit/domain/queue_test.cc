#include "domain/allocation/queue.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gpuaas::domain {
namespace {

const ProjectId kA("prj_a");
const ProjectId kB("prj_b");

Waiting Of(const std::string& id, const ProjectId& project, int gpus, int second) {
  return {AllocationId(id), project, gpus, Time(std::chrono::seconds(second))};
}

std::string Order(std::vector<Waiting> waiting, const std::map<ProjectId, int>& held = {}) {
  std::string text;
  for (const Waiting& each : OrderQueue(std::move(waiting), held)) text += each.id.str() + " ";
  return text;
}

TEST(QueueTest, WithinAProjectAgeDecides) {
  EXPECT_EQ(Order({Of("late", kA, 1, 2), Of("early", kA, 8, 1)}), "early late ");
  EXPECT_EQ(Order({Of("y", kA, 1, 1), Of("x", kA, 1, 1)}), "x y ");
}

TEST(QueueTest, ProjectsTakeTurnsByWhatTheyHaveAndGet) {
  EXPECT_EQ(Order({Of("a1", kA, 1, 1), Of("a2", kA, 1, 2), Of("a3", kA, 1, 3), Of("b1", kB, 1, 9)}), "a1 b1 a2 a3 ");
  EXPECT_EQ(Order({Of("a1", kA, 4, 1), Of("b1", kB, 1, 2), Of("b2", kB, 1, 3), Of("a2", kA, 4, 4)}), "a1 b1 b2 a2 ");
}

TEST(QueueTest, WhoHoldsLessComesFirst) {
  EXPECT_EQ(Order({Of("a1", kA, 1, 1), Of("b1", kB, 1, 2)}, {{kA, 8}, {kB, 2}}), "b1 a1 ");
}

TEST(QueueTest, DoesNotDependOnTheInputsOrder) {
  std::vector<Waiting> waiting = {Of("a1", kA, 2, 1), Of("a2", kA, 1, 5), Of("b1", kB, 3, 2), Of("b2", kB, 1, 3)};
  const std::string expected = Order(waiting, {{kB, 1}});
  for (int i = 0; i < 24; ++i) {
    std::next_permutation(waiting.begin(), waiting.end(),
                          [](const Waiting& x, const Waiting& y) { return x.id < y.id; });
    EXPECT_EQ(Order(waiting, {{kB, 1}}), expected);
  }
}

TEST(QueueTest, EmptyStaysEmpty) { EXPECT_EQ(Order({}), ""); }

}  // namespace
}  // namespace gpuaas::domain
