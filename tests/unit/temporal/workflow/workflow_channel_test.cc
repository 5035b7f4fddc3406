#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "temporal/workflow/channel.h"
#include "temporal/workflow/select.h"

// A channel gives each signal to exactly one receiver.
namespace temporal {
namespace {

using internal::CancelNode;
using internal::ChannelState;
using internal::ReceiveState;
using internal::Scheduler;

class ChannelTest : public ::testing::Test {
 protected:
  Future<int> Receive() { return Future<int>(std::make_shared<ReceiveState<int>>(scheduler_, channel_, scope_)); }
  static int Value(const Future<int>& future) { return *future.state()->peek(); }

  Scheduler scheduler_;
  std::shared_ptr<ChannelState<int>> channel_ = std::make_shared<ChannelState<int>>("test");
  internal::Scope scope_ = CancelNode::Root();
};

TEST_F(ChannelTest, receivers_get_signals_in_order) {
  const auto a = Receive();
  const auto b = Receive();
  channel_->Push(1);
  channel_->Push(2);
  channel_->Push(3);
  const auto c = Receive();
  EXPECT_EQ(Value(a), 1);
  EXPECT_EQ(Value(b), 2);
  EXPECT_EQ(Value(c), 3);
}

TEST_F(ChannelTest, a_dropped_receiver_takes_nothing) {
  {
    const auto dropped = Receive();
  }
  channel_->Push(1);
  EXPECT_EQ(Value(Receive()), 1);
}

TEST_F(ChannelTest, what_a_receiver_did_not_take_goes_back_to_its_place) {
  {
    const auto untaken = Receive();
    const auto also = Receive();
    channel_->Push(1);
    channel_->Push(2);
    channel_->Push(3);
  }
  EXPECT_EQ(channel_->waiting().size(), 3u);
  const auto a = Receive();
  const auto b = Receive();
  EXPECT_EQ(Value(a), 1);
  EXPECT_EQ(Value(b), 2);
}

TEST_F(ChannelTest, a_signal_that_loses_a_race_is_kept) {
  ChannelState<int> other("other");
  const auto winner = std::make_shared<internal::FutureState<int>>(scheduler_);
  {
    const auto any = AnyOf(Future<int>(winner), Receive());
    winner->Resolve(7);
    channel_->Push(1);
    EXPECT_EQ(any.state()->peek()->index(), 0u);
  }
  EXPECT_EQ(Value(Receive()), 1);
}

TEST_F(ChannelTest, a_signal_that_wins_a_race_is_gone) {
  const auto loser = std::make_shared<internal::FutureState<int>>(scheduler_);
  const auto any = AnyOf(Future<int>(loser), Receive());
  channel_->Push(1);
  EXPECT_EQ(std::get<1>(*any.state()->peek()), 1);
  EXPECT_TRUE(channel_->waiting().empty());
}

TEST_F(ChannelTest, cancellation_ends_the_wait_and_keeps_later_signals) {
  const auto waiting = Receive();
  scope_->Cancel("enough");
  EXPECT_TRUE(waiting.failed());
  channel_->Push(1);
  EXPECT_EQ(channel_->waiting().size(), 1u);
  EXPECT_TRUE(Receive().failed());
}

}  // namespace
}  // namespace temporal
