#include <gtest/gtest.h>

#include <set>

#include "domain/allocation/state.h"
#include "domain/nodes/state.h"

namespace gpuaas::domain {
namespace {

template <typename State, std::size_t kCount>
std::set<State> Reachable(State from, const std::array<std::string_view, kCount>&) {
  std::set<State> reached{from};
  for (bool grew = true; grew;) {
    grew = false;
    for (const State at : std::set<State>(reached)) {
      for (std::size_t i = 0; i < kCount; ++i) {
        if (CanTransition(at, static_cast<State>(i))) grew = reached.insert(static_cast<State>(i)).second || grew;
      }
    }
  }
  return reached;
}

TEST(AllocationStateTest, EveryStateIsReachedAndEachLivingOneCanEnd) {
  EXPECT_EQ(Reachable(AllocationState::kRequested, kAllocationStateNames).size(), kAllocationStateNames.size());
  for (std::size_t i = 0; i < kAllocationStateNames.size(); ++i) {
    const auto state = static_cast<AllocationState>(i);
    EXPECT_EQ(AllocationStateFromName(NameOf(state)), state);
    const auto reached = Reachable(state, kAllocationStateNames);
    EXPECT_FALSE(CanTransition(state, state));
    if (IsFinal(state)) {
      EXPECT_EQ(reached.size(), 1U) << NameOf(state);
    } else if (state != AllocationState::kReleasing) {
      EXPECT_TRUE(CanTransition(state, AllocationState::kReleasing)) << NameOf(state);
    }
  }
  EXPECT_FALSE(CanTransition(AllocationState::kActive, AllocationState::kFailed)) << "it is taken down first";
  EXPECT_FALSE(AllocationStateFromName("gone"));
}

TEST(NodeStateTest, EveryStateIsReachedAndReclaimedIsFinal) {
  EXPECT_EQ(Reachable(NodeState::kEnrolled, kNodeStateNames).size(), kNodeStateNames.size());
  EXPECT_EQ(Reachable(NodeState::kReclaimed, kNodeStateNames).size(), 1U);
  for (const auto name : kNodeStateNames) EXPECT_EQ(NameOf(*NodeStateFromName(name)), name);
  for (const auto name : kNodeContactNames) EXPECT_EQ(NameOf(*NodeContactFromName(name)), name);
  EXPECT_EQ(DisplayState(NodeState::kCordoned, NodeContact::kLost), "lost");
  EXPECT_EQ(DisplayState(NodeState::kReclaimed, NodeContact::kLost), "reclaimed");
  EXPECT_FALSE(IsSchedulable(NodeState::kActive, NodeContact::kLate));
}

class ContactTest : public testing::Test {
 protected:
  // The contact after so many seconds of silence, of which the control plane listened to the last `listened`.
  NodeContact After(int silence, int listened, NodeContact current = NodeContact::kOk) {
    return NextContact({}, current, now_ - std::chrono::seconds(silence), now_ - std::chrono::seconds(listened), now_);
  }
  Time now_{std::chrono::hours(1000)};
};

TEST_F(ContactTest, GetsWorseByCountedSilenceOnly) {
  EXPECT_EQ(After(19, 3600), NodeContact::kOk);
  EXPECT_EQ(After(20, 3600), NodeContact::kLate);
  EXPECT_EQ(After(899, 3600), NodeContact::kLate);
  EXPECT_EQ(After(900, 3600), NodeContact::kLost);
  EXPECT_EQ(After(3600, 19), NodeContact::kOk);
  EXPECT_EQ(After(3600, 20), NodeContact::kLate);
}

TEST_F(ContactTest, GetsBetterByAFreshHeartbeatOnly) {
  EXPECT_EQ(After(3600, 0, NodeContact::kLost), NodeContact::kLost);
  EXPECT_EQ(After(3600, 30, NodeContact::kLost), NodeContact::kLost);
  EXPECT_EQ(After(5, 0, NodeContact::kLost), NodeContact::kOk);
}

}  // namespace
}  // namespace gpuaas::domain
