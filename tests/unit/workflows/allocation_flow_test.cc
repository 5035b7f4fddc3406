#include <gmock/gmock.h>

#include <optional>

#include "tests/unit/workflows/flow_fixture.h"
#include "workflows/allocation/allocation_workflow.h"
#include "workflows/allocation/steps.h"
#include "workflows/common/ops_steps.h"
#include "workflows/common/time.h"

namespace gpuaas::workflows {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

constexpr char kId[] = "allocation/alloc_1";

class AllocationFlow : public FlowFixture {
 protected:
  void SetUp() override {
    RegisterAllocation(workflows_);
    Mock<flow::v1::AdmitRequest, flow::v1::AdmitResult>(steps::kAdmit, [this](const auto& request) {
      execution_ = request.execution();
      return admission_;
    });
    Mock<flow::v1::StepRequest, flow::v1::PlaceResult>(steps::kPlace, [this](const auto&) { return Placed(); });
    Mock<flow::v1::ProvisionRequest, flow::v1::Endpoint>(steps::kProvision, [](const auto&) {
      flow::v1::Endpoint endpoint;
      endpoint.set_host("10.0.0.1");
      return endpoint;
    });
    Mock<flow::v1::ActivateRequest, flow::v1::ActivateResult>(steps::kActivate, [this](const auto&) {
      flow::v1::ActivateResult result;
      expires_at_ = service_->Now() + 1h;
      *result.mutable_expires_at() = ToProto(expires_at_);
      return result;
    });
    Mock<flow::v1::ExtendRequest, flow::v1::ExtendResult>(steps::kMoveLease, [this](const auto& request) {
      flow::v1::ExtendResult result;
      extended_by_.push_back(request.step().operation_id());
      expires_at_ += std::chrono::duration_cast<temporal::Time::duration>(FromProto(request.by()));
      *result.mutable_expires_at() = ToProto(expires_at_);
      return result;
    });
    Mock<flow::v1::BeginReleaseRequest, flow::v1::Done>(steps::kBeginRelease, [this](const auto& request) {
      release_ = request;
      return flow::v1::Done();
    });
    Mock<flow::v1::StepRequest, flow::v1::RemovalResult>(steps::kDeprovision, [this](const auto&) {
      flow::v1::RemovalResult result;
      *result.mutable_last_proven_at() = ToProto(service_->Now());
      return result;
    });
    Mock(steps::kFence);
    Mock<flow::v1::CloseUsageRequest, flow::v1::Done>(steps::kCloseUsage, [this](const auto& request) {
      usage_end_ = request;
      return flow::v1::Done();
    });
    Mock(steps::kFreePlacement);
    Mock(steps::kFinish);
    Mock<flow::v1::OpsItemRequest, flow::v1::Done>(steps::kRaiseItem, [this](const auto& request) {
      items_.push_back(request.kind());
      return flow::v1::Done();
    });
    Mock(steps::kResolveItem);

    admission_.set_admitted(true);
    auto& limits = *admission_.mutable_limits();
    *limits.mutable_queue_retry() = ToProto(60s);
    *limits.mutable_queue_alert() = ToProto(1h);
    *limits.mutable_provision_alert() = ToProto(2min);
    *limits.mutable_provision_bound() = ToProto(15min);
    *limits.mutable_removal_bound() = ToProto(15min);
    *limits.mutable_undo_alert() = ToProto(5min);
    StartWorker();
  }

  void Start() {
    flow::v1::AllocationRequest request;
    request.set_allocation_id("alloc_1");
    request.set_operation_id("op_create");
    request.set_tenant_id("tnt_1");
    ASSERT_TRUE(client_->Start(kAllocation, request, temporal::StartOptions(kId, "gpuaas")).ok());
    ASSERT_TRUE(service_->WaitIdle());
  }

  template <class Signal>
  void Send(const temporal::SignalRef<Signal>& signal, const Signal& argument) {
    ASSERT_TRUE(client_->Signal(kId, signal, argument).ok());
    ASSERT_TRUE(service_->WaitIdle());
  }
  void Release() {
    flow::v1::ReleaseSignal signal;
    signal.set_operation_id("op_release");
    Send(kRelease, signal);
  }
  void SendExtend(const std::string& operation, temporal::Duration by) {
    flow::v1::ExtendSignal signal;
    signal.set_operation_id(operation);
    *signal.mutable_by() = ToProto(by);
    ASSERT_TRUE(client_->Signal(kId, kExtend, signal).ok());
  }
  void Extend(const std::string& operation, temporal::Duration by) {
    SendExtend(operation, by);
    ASSERT_TRUE(service_->WaitIdle());
  }

  flow::v1::AllocationStatus Status() {
    auto status = client_->Query(kId, kAllocationStatus, temporal::Nothing());
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? *status : flow::v1::AllocationStatus();
  }
  flow::v1::AllocationOutcome Outcome() {
    auto outcome = client_->GetResult(kAllocation, kId, 20s);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? *outcome : flow::v1::AllocationOutcome();
  }

  flow::v1::PlaceResult Placed() {
    flow::v1::PlaceResult result;
    if (queue_position_ > 0) {
      result.set_queue_position(queue_position_);
    } else {
      result.mutable_placement()->set_node_id("node_1");
    }
    return result;
  }
  void SetQueuePosition(unsigned position) {
    std::lock_guard lock(mutex_);
    queue_position_ = position;
  }

  // Under mutex_ while the worker runs.
  flow::v1::AdmitResult admission_;
  std::string execution_;
  unsigned queue_position_ = 0;
  temporal::Time expires_at_;
  std::vector<std::string> extended_by_;
  std::vector<std::string> items_;
  std::optional<flow::v1::BeginReleaseRequest> release_;
  std::optional<flow::v1::CloseUsageRequest> usage_end_;
};

TEST_P(AllocationFlow, BecomesActiveAndIsReleased) {
  Start();
  EXPECT_EQ(Status().phase(), "active");
  EXPECT_EQ(Status().node_id(), "node_1");
  Release();
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_EQ(Outcome().cause(), "user_request");
  EXPECT_THAT(Calls(), ElementsAre("allocation.Admit", "allocation.Place", "allocation.Provision",
                                   "allocation.Activate", "allocation.BeginRelease", "allocation.Deprovision",
                                   "allocation.CloseUsage", "allocation.FreePlacement", "allocation.Finish"));
  EXPECT_EQ(release_->step().operation_id(), "op_release");
  EXPECT_TRUE(usage_end_->has_at());
}

TEST_P(AllocationFlow, ALateDuplicateStartTouchesNothing) {
  admission_.set_admitted(false);
  admission_.set_state("active");
  Start();
  EXPECT_EQ(Outcome().state(), "duplicate");
  EXPECT_THAT(Calls(), ElementsAre("allocation.Admit"));
}

TEST_P(AllocationFlow, AdmittedAgainItGoesOnWhereTheAllocationStands) {
  auto& resume = *admission_.mutable_resume();
  resume.mutable_placement()->set_node_id("node_1");
  resume.set_active(true);
  *resume.mutable_expires_at() = ToProto(service_->Now() + 1h);
  Start();
  EXPECT_FALSE(execution_.empty());
  EXPECT_EQ(Status().phase(), "active");
  EXPECT_THAT(Calls(), ElementsAre("allocation.Admit"));
  Release();
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_THAT(Calls(), Contains("allocation.Deprovision"));
  EXPECT_THAT(Calls(), Contains("allocation.CloseUsage"));
}

TEST_P(AllocationFlow, CancelledWhileItIsAdmittedItUnwinds) {
  Fail("allocation.Admit", ErrorCode::kDatabaseUnavailable, 1);
  Start();
  ASSERT_TRUE(client_->Cancel(kId, "operator").ok());
  Advance(1s);
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_EQ(Outcome().cause(), "cancelled");
  EXPECT_THAT(Calls(), ElementsAre("allocation.Admit", "allocation.Admit", "allocation.BeginRelease",
                                   "allocation.FreePlacement", "allocation.Finish"));
}

TEST_P(AllocationFlow, ADuplicateThatIsCancelledTouchesNothingEither) {
  Fail("allocation.Admit", ErrorCode::kDatabaseUnavailable, 1);
  admission_.set_admitted(false);
  Start();
  ASSERT_TRUE(client_->Cancel(kId, "operator").ok());
  Advance(1s);
  EXPECT_EQ(Outcome().state(), "duplicate");
  EXPECT_THAT(Calls(), ElementsAre("allocation.Admit", "allocation.Admit"));
}

TEST_P(AllocationFlow, WaitsInTheQueueUntilCapacityIsSignalled) {
  SetQueuePosition(3);
  Start();
  EXPECT_EQ(Status().phase(), "place");
  EXPECT_EQ(Status().queue_position(), 3u);
  SetQueuePosition(0);
  Send(kCapacity, flow::v1::CapacitySignal());
  EXPECT_EQ(Status().phase(), "active");
  EXPECT_EQ(Status().queue_position(), 0u);
  EXPECT_EQ(CallsOf("allocation.Place"), 2);
}

TEST_P(AllocationFlow, TriesToPlaceByItselfAndRaisesTheAlarmWhenItLasts) {
  SetQueuePosition(1);
  Start();
  for (int i = 0; i < 61; ++i) Advance(60s);
  EXPECT_GE(CallsOf("allocation.Place"), 60);
  EXPECT_THAT(items_, ElementsAre("queue_slow"));
  SetQueuePosition(0);
  Advance(60s);
  EXPECT_EQ(Status().phase(), "active");
  EXPECT_EQ(CallsOf("ops.ResolveItem"), 1);
}

TEST_P(AllocationFlow, ReleasedWhileQueuedItAsksNoNode) {
  SetQueuePosition(1);
  Start();
  Release();
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_THAT(Calls(), Not(Contains("allocation.Deprovision")));
  EXPECT_THAT(Calls(), Contains("allocation.FreePlacement"));
}

TEST_P(AllocationFlow, AFailedProvisioningIsUndoneAndNamesItsCause) {
  Fail("allocation.Provision", ErrorCode::kUnknownSshKey);
  Start();
  EXPECT_EQ(Outcome().state(), "failed");
  EXPECT_EQ(Outcome().cause(), "unknown_ssh_key");
  EXPECT_THAT(Calls(), ElementsAre("allocation.Admit", "allocation.Place", "allocation.Provision",
                                   "allocation.BeginRelease", "allocation.Deprovision", "allocation.CloseUsage",
                                   "allocation.FreePlacement", "allocation.Finish"));
  EXPECT_TRUE(release_->failed());
  EXPECT_EQ(release_->step().operation_id(), "op_create");
}

TEST_P(AllocationFlow, AnUnreachableNodeIsTriedAgain) {
  Fail("allocation.Provision", ErrorCode::kNodeUnreachable, 2);
  Start();
  Advance(1s);
  Advance(2s);
  EXPECT_EQ(Status().phase(), "active");
  EXPECT_EQ(CallsOf("allocation.Provision"), 3);
}

TEST_P(AllocationFlow, ANodeUnreachableForLongRaisesTheAlarmAndThenFailsTheAllocation) {
  Fail("allocation.Provision", ErrorCode::kNodeUnreachable);
  Start();
  for (int i = 0; i < 12; ++i) Advance(15s);
  EXPECT_THAT(items_, ElementsAre("provision_slow"));
  for (int i = 0; i < 60; ++i) Advance(15s);
  EXPECT_EQ(Outcome().state(), "failed");
  EXPECT_EQ(Outcome().cause(), "node_unreachable");
  EXPECT_THAT(Calls(), Contains("allocation.FreePlacement"));
}

TEST_P(AllocationFlow, ReleasedWhileProvisioning) {
  Fail("allocation.Provision", ErrorCode::kNodeUnreachable);
  Start();
  EXPECT_EQ(Status().phase(), "provision");
  Release();
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_THAT(Calls(), Contains("allocation.Deprovision"));
  EXPECT_THAT(Calls(), Not(Contains("allocation.Activate")));
}

TEST_P(AllocationFlow, EndsWithItsLease) {
  Start();
  Advance(59min);
  EXPECT_EQ(Status().phase(), "active");
  Advance(1min);
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_EQ(Outcome().cause(), "lease_expired");
  EXPECT_EQ(release_->step().operation_id(), "op_create");
}

TEST_P(AllocationFlow, EachExtendMovesTheLeaseOnce) {
  Start();
  Extend("op_extend_1", 1h);
  Extend("op_extend_2", 30min);
  EXPECT_THAT(extended_by_, ElementsAre("op_extend_1", "op_extend_2"));
  Advance(149min);
  EXPECT_EQ(Status().phase(), "active");
  Advance(1min);
  EXPECT_EQ(Outcome().cause(), "lease_expired");
}

TEST_P(AllocationFlow, AnExtendSentBeforeItIsActiveCounts) {
  SetQueuePosition(1);
  Start();
  Extend("op_extend_1", 1h);
  EXPECT_THAT(extended_by_, ElementsAre());
  SetQueuePosition(0);
  Send(kCapacity, flow::v1::CapacitySignal());
  EXPECT_THAT(extended_by_, ElementsAre("op_extend_1"));
}

TEST_P(AllocationFlow, AnExtendSentWhileNoWorkerRanCountsAlthoughTheLeaseHasEndedMeanwhile) {
  Start();
  StopWorker();
  SendExtend("op_extend_1", 1h);
  service_->Advance(1h);
  StartWorker();
  ASSERT_TRUE(service_->WaitIdle());
  EXPECT_THAT(extended_by_, ElementsAre("op_extend_1"));
  EXPECT_EQ(Status().phase(), "active");
  Advance(1h);
  EXPECT_EQ(Outcome().cause(), "lease_expired");
}

TEST_P(AllocationFlow, ContinuesAsNewWhileQueued) {
  service_->SuggestContinueAsNewFrom(100);
  SetQueuePosition(1);
  Start();
  Extend("op_extend_1", 1h);
  for (int i = 0; i < 120; ++i) Advance(60s);
  EXPECT_TRUE(HasContinuedAsNew(kId));
  EXPECT_EQ(Status().phase(), "place");
  EXPECT_THAT(items_, ElementsAre("queue_slow"));
  SetQueuePosition(0);
  Send(kCapacity, flow::v1::CapacitySignal());
  EXPECT_EQ(Status().phase(), "active");
  EXPECT_EQ(CallsOf("allocation.Admit"), 1);
  EXPECT_EQ(CallsOf("ops.ResolveItem"), 1);
  EXPECT_THAT(extended_by_, ElementsAre("op_extend_1"));
}

TEST_P(AllocationFlow, ContinuesAsNewWhileActiveWithTheExtendsThatWait) {
  Start();
  service_->SuggestContinueAsNewFrom(1);
  StopWorker();
  SendExtend("op_extend_1", 1h);
  SendExtend("op_extend_2", 1h);
  StartWorker();
  ASSERT_TRUE(service_->WaitIdle());
  EXPECT_TRUE(HasContinuedAsNew(kId));
  EXPECT_THAT(extended_by_, ElementsAre("op_extend_1", "op_extend_2"));
  EXPECT_EQ(CallsOf("allocation.Activate"), 1);
  EXPECT_EQ(Status().node_id(), "node_1");
  Advance(179min);
  EXPECT_EQ(Status().phase(), "active");
  Advance(1min);
  EXPECT_EQ(Outcome().cause(), "lease_expired");
  EXPECT_THAT(Calls(), Contains("allocation.Deprovision"));
}

TEST_P(AllocationFlow, ALostNodeIsFencedNotAsked) {
  Start();
  flow::v1::NodeLostSignal signal;
  signal.set_node_id("node_of_others");
  Send(kNodeLost, signal);
  EXPECT_EQ(Status().phase(), "active");
  signal.set_node_id("node_1");
  Send(kNodeLost, signal);
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_EQ(Outcome().cause(), "node_lost");
  EXPECT_THAT(Calls(), Not(Contains("allocation.Deprovision")));
  EXPECT_THAT(Calls(), Contains("allocation.Fence"));
  EXPECT_THAT(items_, ElementsAre("node_fenced"));
}

TEST_P(AllocationFlow, ADarkNodeDoesNotHoldUpTheRelease) {
  Fail("allocation.Deprovision", ErrorCode::kNodeUnreachable);
  Start();
  Release();
  EXPECT_EQ(Status().phase(), "deprovision");
  for (int i = 0; i < 62; ++i) Advance(15s);
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_THAT(Calls(), Contains("allocation.Fence"));
  EXPECT_THAT(Calls(), Contains("allocation.CloseUsage"));
  EXPECT_FALSE(usage_end_->has_at());
}

TEST_P(AllocationFlow, ACompensationIsRetriedWithoutEnd) {
  Fail("allocation.FreePlacement", ErrorCode::kNotFound, 3);
  Start();
  Release();
  for (int i = 0; i < 3; ++i) Advance(5min);
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_EQ(CallsOf("allocation.FreePlacement"), 4);
  EXPECT_THAT(items_, ElementsAre("undo_failed", "undo_failed", "undo_failed"));
}

TEST_P(AllocationFlow, TheFirstEndCounts) {
  Fail("allocation.Deprovision", ErrorCode::kNodeUnreachable, 1);
  Start();
  Release();
  flow::v1::NodeLostSignal lost;
  lost.set_node_id("node_1");
  Send(kNodeLost, lost);
  Advance(1s);
  EXPECT_EQ(Outcome().cause(), "user_request");
}

TEST_P(AllocationFlow, CancellationReleases) {
  Start();
  ASSERT_TRUE(client_->Cancel(kId, "operator").ok());
  EXPECT_EQ(Outcome().state(), "released");
  EXPECT_EQ(Outcome().cause(), "cancelled");
  EXPECT_THAT(Calls(), Contains("allocation.Deprovision"));
}

INSTANTIATE_TEST_SUITE_P(StickyCache, AllocationFlow, ::testing::Values(1000, 0),
                         [](const auto& info) { return info.param == 0 ? "Off" : "On"; });

}  // namespace
}  // namespace gpuaas::workflows
