#include <gmock/gmock.h>

#include "tests/unit/workflows/flow_fixture.h"
#include "workflows/common/ops_steps.h"
#include "workflows/nodes/node_workflow.h"
#include "workflows/nodes/region_steps.h"
#include "workflows/nodes/region_watch_workflow.h"
#include "workflows/nodes/steps.h"

namespace gpuaas::workflows {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

constexpr char kId[] = "node/node_1";

class NodeFlow : public FlowFixture {
 protected:
  void SetUp() override {
    RegisterNode(workflows_);
    RegisterRegionWatch(workflows_);
    Mock<flow::v1::NodeTransition, flow::v1::NodeTransitionResult>(steps::kTransition, [this](const auto& request) {
      transitions_.push_back(request.state() + (request.ends_operation() ? "!" : ""));
      flow::v1::NodeTransitionResult result;
      result.set_state(request.state());
      return result;
    });
    Mock<flow::v1::NodeStep, flow::v1::NodeStepResult>(steps::kCountLiving, [this](const auto&) {
      flow::v1::NodeStepResult result;
      result.set_affected(living_);
      return result;
    });
    Mock(steps::kNotifyLost);
    Mock(steps::kReleaseAll);
    Mock(steps::kCallOff);
    Mock(steps::kReconcile);
    Mock(steps::kRevokeCertificate);
    Mock(steps::kRaiseItem);
    Mock(steps::kSweep);
    StartWorker();
    flow::v1::NodeRequest request;
    request.set_node_id("node_1");
    ASSERT_TRUE(client_->Start(kNode, request, temporal::StartOptions(kId, "gpuaas")).ok());
  }

  void Send(const temporal::SignalRef<flow::v1::NodeSignal>& signal) {
    flow::v1::NodeSignal argument;
    argument.set_operation_id("op_1");
    ASSERT_TRUE(client_->Signal(kId, signal, argument).ok());
    ASSERT_TRUE(service_->WaitIdle());
  }
  flow::v1::NodeStatus Status() {
    auto status = client_->Query(kId, kNodeStatus, temporal::Nothing());
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? *status : flow::v1::NodeStatus();
  }
  void SetLiving(unsigned count) {
    std::lock_guard lock(mutex_);
    living_ = count;
  }

  unsigned living_ = 0;
  std::vector<std::string> transitions_;
};

TEST_P(NodeFlow, OrdersAreTakenOneAfterTheOther) {
  Send(kCordon);
  Send(kUncordon);
  EXPECT_THAT(transitions_, ElementsAre("cordoned!", "active!"));
}

TEST_P(NodeFlow, ALostNodeTellsItsAllocationsAndIsReconciledWhenBack) {
  Send(kLate);
  EXPECT_EQ(Status().contact(), "late");
  Send(kLost);
  EXPECT_EQ(Status().contact(), "lost");
  Send(kBack);
  EXPECT_EQ(Status().contact(), "ok");
  EXPECT_THAT(Calls(), ElementsAre("nodes.NotifyLost", "nodes.Reconcile"));
}

TEST_P(NodeFlow, IsReconciledWhenTheSweepAsksAndGoesOnIfThatFails) {
  Send(kReconcileNow);
  EXPECT_THAT(Calls(), ElementsAre("nodes.Reconcile"));
  Fail("nodes.Reconcile", ErrorCode::kNodeUnreachable);
  Send(kReconcileNow);
  Send(kReconcileNow);  // waits
  Send(kReconcileNow);  // nothing new
  Send(kCordon);
  for (int i = 0; i < 8; ++i) Advance(15s);
  EXPECT_EQ(CallsOf("ops.RaiseItem"), 2);
  EXPECT_THAT(transitions_, ElementsAre("cordoned!"));
}

TEST_P(NodeFlow, DrainEndsWhenTheLastAllocationHasGone) {
  SetLiving(2);
  Send(kDrain);
  EXPECT_THAT(transitions_, ElementsAre("draining"));
  Advance(15s);
  EXPECT_THAT(transitions_, ElementsAre("draining"));
  SetLiving(0);
  Advance(15s);
  EXPECT_THAT(transitions_, ElementsAre("draining", "cordoned!"));
}

TEST_P(NodeFlow, UncordonCallsOffADrain) {
  SetLiving(1);
  Send(kDrain);
  Send(kUncordon);
  SetLiving(0);
  Advance(15s);
  EXPECT_THAT(transitions_, ElementsAre("draining", "active!"));
  EXPECT_EQ(CallsOf("nodes.CallOff"), 1);
}

TEST_P(NodeFlow, AnotherDrainTakesThePlaceOfTheFirst) {
  SetLiving(1);
  Send(kDrain);
  Send(kReclaim);
  EXPECT_EQ(CallsOf("nodes.CallOff"), 1);
  EXPECT_TRUE(Status().reclaim());
}

TEST_P(NodeFlow, ADrainOutlivesAStepThatFailsWhileItIsLookedAt) {
  SetLiving(1);
  Send(kReclaim);
  SetLiving(0);
  Fail("nodes.RevokeCertificate", ErrorCode::kNotFound, 1);
  Advance(15s);
  EXPECT_EQ(CallsOf("ops.RaiseItem"), 1);
  Advance(15s);
  EXPECT_THAT(transitions_, ElementsAre("draining", "reclaimed!"));
}

TEST_P(NodeFlow, ContinuesAsNewInTheMiddleOfADrain) {
  service_->SuggestContinueAsNewFrom(1);
  SetLiving(1);
  Send(kLate);
  Send(kReclaim);
  EXPECT_TRUE(HasContinuedAsNew(kId));
  EXPECT_EQ(Status().contact(), "late");
  EXPECT_EQ(Status().state(), "draining");
  SetLiving(0);
  Advance(15s);
  auto outcome = client_->GetResult(kNode, kId, 20s);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->state(), "reclaimed");
  EXPECT_THAT(transitions_, ElementsAre("draining", "reclaimed!"));
}

TEST_P(NodeFlow, ReclaimDrainsRevokesAndEnds) {
  SetLiving(1);
  Send(kReclaim);
  SetLiving(0);
  Advance(15s);
  auto outcome = client_->GetResult(kNode, kId, 20s);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->state(), "reclaimed");
  EXPECT_THAT(transitions_, ElementsAre("draining", "reclaimed!"));
  EXPECT_THAT(Calls(), Contains("nodes.RevokeCertificate"));
}

TEST_P(NodeFlow, AWatchOfTheRegionThatFailsForGoodIsTriedAgain) {
  Fail("region.Sweep", ErrorCode::kInvalidArgument);
  flow::v1::RegionWatchRequest request;
  request.set_region("r");
  ASSERT_TRUE(client_->Start(kRegionWatch, request, temporal::StartOptions("region-watch/r", "gpuaas")).ok());
  ASSERT_TRUE(service_->WaitIdle());
  EXPECT_THAT(Calls(), ElementsAre("region.Sweep", "ops.RaiseItem"));
  Advance(1min);
  EXPECT_THAT(Calls(), ElementsAre("region.Sweep", "ops.RaiseItem", "region.Sweep", "ops.RaiseItem"));
}

TEST_P(NodeFlow, AFailedStepLeavesAnItemAndTheNodeGoesOn) {
  Fail("nodes.NotifyLost", ErrorCode::kNotFound, 1);
  Send(kLost);
  EXPECT_EQ(CallsOf("ops.RaiseItem"), 1);
  Send(kCordon);
  EXPECT_THAT(transitions_, ElementsAre("cordoned!"));
}

INSTANTIATE_TEST_SUITE_P(StickyCache, NodeFlow, ::testing::Values(1000, 0),
                         [](const auto& info) { return info.param == 0 ? "Off" : "On"; });

}  // namespace
}  // namespace gpuaas::workflows
