#include "node/sandbox/connections.h"

#include <gmock/gmock.h>

namespace gpuaas::node {
namespace {

TEST(Connections, AStrangerTakesPlacesFromItself) {
  Connections connections(4, 2);
  pid_t next = 1;
  connections.Add(next++, "friend");
  for (int i = 0; i < 3; ++i) connections.Add(next++, "stranger");
  EXPECT_EQ(connections.Surplus(), std::nullopt);
  for (int i = 0; i < 1'000; ++i) {
    connections.Add(next++, "stranger");
    const auto gone = connections.Surplus();
    ASSERT_TRUE(gone.has_value());
    EXPECT_EQ(*gone, i + 2);  // its own oldest
    connections.Ended(*gone);
    EXPECT_EQ(connections.Surplus(), std::nullopt);
  }
  EXPECT_FALSE(connections.full());
}

TEST(Connections, AmongEqualsTheOldestGoes) {
  Connections connections(2, 2);
  connections.Add(1, "c");
  connections.Add(2, "b");
  connections.Add(3, "a");
  EXPECT_EQ(connections.Surplus(), 1);
}

TEST(Connections, SessionsHaveTheirOwnPlaces) {
  Connections connections(1, 2);
  connections.Add(1, "a");
  connections.Add(2, "a");
  EXPECT_EQ(connections.Surplus(), 1);
  connections.Authenticated(1);
  EXPECT_EQ(connections.Surplus(), std::nullopt);
  connections.Add(3, "a");
  EXPECT_EQ(connections.Surplus(), 2);
  connections.Authenticated(2);
  EXPECT_TRUE(connections.full());
  connections.Ended(1);
  EXPECT_FALSE(connections.full());
  EXPECT_EQ(connections.Surplus(), std::nullopt);
}

}  // namespace
}  // namespace gpuaas::node
