// Steps that flows stand on, against the real schema and without a workflow service.
#include "activities/allocation/allocation_activities.h"
#include "activities/nodes/agent_client.h"
#include "activities/nodes/node_activities.h"
#include "activities/nodes/region_activities.h"
#include "gpuaas/node/v1/node_agent.pb.h"
#include "platform/vault/vault.h"
#include "stores/billing/usage.h"
#include "stores/nodes/heartbeats.h"
#include "stores/nodes/leftovers.h"
#include "stores/nodes/placement.h"
#include "stores/ops/items.h"
#include "stores/ops/mutation.h"
#include "stores/ops/outbox.h"
#include "temporal/activity/activity_context.h"
#include "tests/integration/stores/fixture.h"
#include "workflows/common/time.h"

namespace gpuaas::tests {
namespace {

using namespace std::chrono_literals;
using domain::AllocationState;
using platform::Transaction;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An agent that answers as the test says.
class StubAgent final : public activities::AgentClient {
 public:
  absl::StatusOr<node::v1::Sandbox> EnsureSandbox(const activities::NodeAddress&,
                                                  const node::v1::EnsureSandboxRequest&) override {
    ++calls;
    return node::v1::Sandbox();
  }
  absl::StatusOr<node::v1::RemoveSandboxResponse> RemoveSandbox(const activities::NodeAddress&,
                                                                const node::v1::RemoveSandboxRequest&) override {
    ++calls;
    if (!status.ok()) return status;
    return node::v1::RemoveSandboxResponse();
  }
  absl::StatusOr<node::v1::ListSandboxesResponse> ListSandboxes(const activities::NodeAddress&) override {
    ++calls;
    if (!status.ok()) return status;
    return sandboxes;
  }
  absl::StatusOr<node::v1::Inventory> GetInventory(const activities::NodeAddress&) override { return status; }
  absl::Status SetAuthorizedKeys(const activities::NodeAddress&, const node::v1::SetAuthorizedKeysRequest&) override {
    return status;
  }

  int calls = 0;
  absl::Status status;
  node::v1::ListSandboxesResponse sandboxes;
};

class NoHeartbeats final : public temporal::HeartbeatSink {
 public:
  void Record(temporal::Payloads) override {}
};

class FlowSteps : public StoresTest {
 protected:
  static flow::v1::StepRequest StepOf(const stores::Allocation& allocation) {
    flow::v1::StepRequest step;
    step.set_allocation_id(allocation.id.str());
    step.set_operation_id(allocation.driving_operation.str());
    step.set_tenant_id(allocation.tenant.str());
    return step;
  }
  static flow::v1::NodeStep StepOf(const stores::Node& node) {
    flow::v1::NodeStep step;
    step.set_node_id(node.id.str());
    return step;
  }

  flow::v1::AdmitResult Admit(const stores::Allocation& allocation, const std::string& execution) {
    flow::v1::AdmitRequest request;
    *request.mutable_step() = StepOf(allocation);
    request.set_execution(execution);
    return Must(steps_.Admit(request));
  }

  // Placed on the node and active, with an open usage interval.
  stores::Allocation Active(int gpus = 1) {
    const stores::Allocation allocation = NewAllocation(gpus);
    Must(steps_.Place(StepOf(allocation)));
    flow::v1::ActivateRequest activate;
    *activate.mutable_step() = StepOf(allocation);
    Must(steps_.Activate(activate));
    return Get(allocation.id);
  }

  stores::Allocation Get(const AllocationId& id) {
    return InSystem<stores::Allocation>([&](Transaction& tx) { return stores::GetAllocation(tx, id); });
  }
  stores::Node Get(const NodeId& id) {
    return InSystem<stores::Node>([&](Transaction& tx) { return stores::GetNode(tx, id); });
  }
  std::vector<stores::OpsItem> Items(bool with_closed = false) {
    return InSystem<std::vector<stores::OpsItem>>(
        [&](Transaction& tx) { return stores::ListOpsItems(tx, with_closed, 100); });
  }

  void Heartbeat(const NodeId& node, const std::string& sandboxes) {
    EXPECT_TRUE(System([&](Transaction& tx) -> absl::Status {
                  EXPECT_TRUE(stores::RecordPulse(tx, "api", now()).ok());
                  return stores::RecordHeartbeat(tx, {.node = node,
                                                      .boot_id = "boot-1",
                                                      .inventory_digest = "digest-1",
                                                      .sandboxes_json = sandboxes,
                                                      .now = now()})
                      .status();
                }).ok());
  }
  static std::string Naming(const stores::Allocation& allocation, bool running = true) {
    return R"([{"allocation_id":")" + allocation.id.str() + R"(","gpu_uuids":[],"running":)" +
           (running ? "true" : "false") + "}]";
  }

  // Looks at the region; the signals that it sent.
  std::vector<std::string> Tick() {
    flow::v1::SweepRequest request;
    request.set_region("us-buffalo-1");
    flow::v1::SweepReport report;
    EXPECT_TRUE(region_.Tick(request, seen_, report).ok());
    std::vector<std::string> names;
    EXPECT_TRUE(System([&](Transaction& tx) -> absl::Status {
                  const auto rows = Must(stores::ClaimOutbox(tx, now(), now() + 1s, 100));
                  for (const auto& row : rows) {
                    names.push_back(row.name + " " + row.workflow_id);
                    EXPECT_TRUE(stores::MarkSent(tx, row.id, now()).ok());
                  }
                  return absl::OkStatus();
                }).ok());
    return names;
  }

  StubAgent agent_;
  activities::AllocationActivities steps_{db(), agent_, clock_, activities::DefaultFlowLimits()};
  activities::RegionActivities region_{db(), clock_, {}};
  activities::RegionActivities::Seen seen_;
};

TEST_F(FlowSteps, OneExecutionIsAdmittedAndMayComeAgain) {
  NewNode("gpu-1", 8);
  const stores::Allocation allocation = NewAllocation(2);
  const auto first = Admit(allocation, "run-1");
  EXPECT_TRUE(first.admitted());
  EXPECT_FALSE(first.resume().has_placement());
  EXPECT_FALSE(Admit(allocation, "run-2").admitted()) << "although nothing has happened yet";
  EXPECT_TRUE(Admit(allocation, "run-1").admitted());

  Must(steps_.Place(StepOf(allocation)));
  flow::v1::ActivateRequest activate;
  *activate.mutable_step() = StepOf(allocation);
  Must(steps_.Activate(activate));
  const auto again = Admit(allocation, "run-1");
  EXPECT_TRUE(again.admitted()) << "a reset to its first task";
  EXPECT_EQ(again.resume().placement().gpu_uuids_size(), 2);
  EXPECT_TRUE(again.resume().active());
  EXPECT_EQ(workflows::FromProto(again.resume().expires_at()), *Get(allocation.id).lease_expires_at);
  EXPECT_FALSE(Admit(allocation, "run-2").admitted());

  Move(allocation, AllocationState::kReleasing);
  EXPECT_TRUE(Admit(allocation, "run-1").admitted());
  EXPECT_FALSE(Admit(allocation, "run-1").resume().active());
  Move(allocation, AllocationState::kReleased);
  EXPECT_FALSE(Admit(allocation, "run-1").admitted()) << "nothing is left to do";
}

TEST_F(FlowSteps, AnotherOperationIsNotAdmitted) {
  const stores::Allocation allocation = NewAllocation(1);
  flow::v1::AdmitRequest request;
  *request.mutable_step() = StepOf(allocation);
  request.mutable_step()->set_operation_id(OperationId::New(now()).str());
  request.set_execution("run-1");
  EXPECT_FALSE(Must(steps_.Admit(request)).admitted());
}

TEST_F(FlowSteps, WhatIsBeingTakenDownIsNotProvisionedAgain) {
  NewNode("gpu-1", 8);
  const stores::Allocation allocation = NewAllocation(1);
  Must(steps_.Place(StepOf(allocation)));
  Move(allocation, AllocationState::kReleasing);
  flow::v1::ProvisionRequest request;
  *request.mutable_step() = StepOf(allocation);
  EXPECT_THAT(steps_.Provision(request), FailsWith(ErrorCode::kInvalidState));
  EXPECT_EQ(agent_.calls, 0);
}

TEST_F(FlowSteps, UseIsProvenUpToTheLastHeartbeatThatNamedTheSandboxAsRunning) {
  const stores::Node node = NewNode("gpu-1", 8);
  const stores::Allocation allocation = Active();
  clock_.Advance(5s);
  Heartbeat(node.id, Naming(allocation));
  const Time proven = now();
  clock_.Advance(5s);
  Heartbeat(node.id, Naming(allocation, /*running=*/false));
  clock_.Advance(5s);
  Heartbeat(node.id, "[]");
  const auto removal = Must(steps_.Fence(StepOf(allocation)));
  EXPECT_EQ(workflows::FromProto(removal.last_proven_at()), proven);
}

TEST_F(FlowSteps, NoHeartbeatProvesNothing) {
  const stores::Node node = NewNode("gpu-1", 8);
  const stores::Allocation allocation = Active();
  const stores::Node other = NewNode("gpu-2", 8);
  Heartbeat(other.id, Naming(allocation));
  EXPECT_FALSE(Must(steps_.Fence(StepOf(allocation))).has_last_proven_at()) << "another node's word is none";
}

TEST_F(FlowSteps, FencingANodeInContactTakesItOutOfService) {
  const stores::Node node = NewNode("gpu-1", 8);
  const stores::Allocation allocation = Active();
  const auto removal = Must(steps_.Fence(StepOf(allocation)));
  EXPECT_FALSE(removal.fenced());
  EXPECT_THAT(removal.detail(), HasSubstr("in contact"));
  EXPECT_EQ(Get(node.id).state, domain::NodeState::kCordoned);
  EXPECT_THAT(Get(node.id).reason, HasSubstr(allocation.id.str()));
  const auto items = Items();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].kind, "sandbox_left");
  EXPECT_EQ(items[0].severity, "critical");
  EXPECT_EQ(items[0].resource_id, node.id.str());
  Must(steps_.Fence(StepOf(allocation)));  // a repeat
  EXPECT_EQ(Items().size(), 1u);
}

TEST_F(FlowSteps, FencingADarkNodeLeavesItAsItIs) {
  const stores::Node node = NewNode("gpu-1", 8);
  const stores::Allocation allocation = Active();
  EXPECT_TRUE(System([](Transaction& tx) { return tx.Query("UPDATE nodes SET contact = 'lost'").status(); }).ok());
  const auto removal = Must(steps_.Fence(StepOf(allocation)));
  EXPECT_TRUE(removal.fenced());
  EXPECT_EQ(Get(node.id).state, domain::NodeState::kActive);
  EXPECT_THAT(Items(), IsEmpty());
}

TEST_F(FlowSteps, ASandboxWithoutAnAllocationIsReconciledUntilItIsGone) {
  const stores::Node node = NewNode("gpu-1", 8);
  const std::string reconcile = "reconcile node/" + node.id.str();
  const stores::Allocation allocation = Active();
  Heartbeat(node.id, Naming(allocation));
  EXPECT_THAT(Tick(), IsEmpty()) << "it lives there";
  EXPECT_TRUE(System([&](Transaction& tx) { return stores::FreeGpus(tx, allocation.id, now()).status(); }).ok());
  clock_.Advance(119s);
  Heartbeat(node.id, Naming(allocation));
  EXPECT_THAT(Tick(), IsEmpty()) << "a removal may take a while to show";
  clock_.Advance(2s);
  Heartbeat(node.id, Naming(allocation));
  EXPECT_THAT(Tick(), ElementsAre(reconcile));
  EXPECT_THAT(Tick(), IsEmpty()) << "it was asked just now";
  clock_.Advance(5min);
  Heartbeat(node.id, Naming(allocation));
  EXPECT_THAT(Tick(), ElementsAre(reconcile));
  clock_.Advance(5min);
  Heartbeat(node.id, "[]");
  EXPECT_THAT(Tick(), IsEmpty());
}

TEST_F(FlowSteps, ANodeThatWasTakenOutOfServiceIsAskedUntilItAnswers) {
  const stores::Node node = NewNode("gpu-1", 8);
  const stores::Allocation allocation = Active();
  Move(allocation, AllocationState::kReleasing);
  Must(steps_.Fence(StepOf(allocation)));
  Heartbeat(node.id, "[]");
  EXPECT_THAT(Tick(), IsEmpty()) << "the flow that gave up has not freed the GPUs yet";
  const auto vault = platform::NewVault({});
  activities::NodeActivities node_steps(db(), agent_, *vault, clock_);
  agent_.sandboxes.add_sandboxes()->set_allocation_id(allocation.id.str());
  EXPECT_EQ(Must(node_steps.Reconcile(StepOf(node))).affected(), 0u);
  EXPECT_EQ(Items().size(), 1u);

  EXPECT_TRUE(System([&](Transaction& tx) { return stores::FreeGpus(tx, allocation.id, now()).status(); }).ok());
  EXPECT_THAT(Tick(), ElementsAre("reconcile node/" + node.id.str()));
  agent_.status = MakeError(ErrorCode::kNodeUnreachable, "blocked");
  EXPECT_THAT(node_steps.Reconcile(StepOf(node)), FailsWith(ErrorCode::kNodeUnreachable));
  EXPECT_EQ(Items().size(), 1u);
  agent_.status = absl::OkStatus();
  EXPECT_EQ(Must(node_steps.Reconcile(StepOf(node))).affected(), 1u);
  EXPECT_THAT(Items(), IsEmpty());
  clock_.Advance(5min);
  Heartbeat(node.id, "[]");
  EXPECT_THAT(Tick(), IsEmpty());
}

TEST_F(FlowSteps, AWatchThatEndsPurgesWhatHasServedItsTimeAndClosesTheItemOfFailedOnes) {
  const auto record = [&](const std::string& key) {
    EXPECT_TRUE(System([&](Transaction& tx) {
                  return stores::Mutate(
                             tx, {.caller = acme_, .api_operation = "op", .key = key, .digest = "d", .now = now()},
                             [](Transaction&) -> absl::StatusOr<stores::Answer> { return stores::Answer(); })
                      .status();
                }).ok());
  };
  const auto send = [&](const std::string& workflow) {
    EXPECT_TRUE(System([&](Transaction& tx) -> absl::Status {
                  const auto id = Must(stores::EnqueueOutbox(tx, {.tenant = acme_.tenant,
                                                                  .workflow_id = workflow,
                                                                  .kind = stores::kOutboxSignalWorkflow,
                                                                  .name = "x",
                                                                  .payload_json = "{}",
                                                                  .now = now()}));
                  return stores::MarkSent(tx, id, now());
                }).ok());
  };
  const auto count = [&](const std::string& table) {
    return InSystem<std::int64_t>([&](Transaction& tx) -> absl::StatusOr<std::int64_t> {
      return Must(tx.QueryOne("SELECT count(*) AS n FROM " + table, {}, "")).Int("n");
    });
  };
  EXPECT_TRUE(System([&](Transaction& tx) {
                return stores::RaiseOpsItem(tx,
                                            {.tenant = PlatformTenant(),
                                             .severity = "critical",
                                             .kind = "sweep_failed",
                                             .title = "t",
                                             .resource_kind = "region",
                                             .resource_id = "us-buffalo-1"},
                                            now())
                    .status();
              }).ok());
  record("old");
  send("allocation/old");
  clock_.Advance(std::chrono::hours(24 * 8));
  record("young");
  send("allocation/young");

  NoHeartbeats heartbeats;
  temporal::ActivityContext context({}, {}, {}, heartbeats);
  flow::v1::SweepRequest request;
  request.set_region("us-buffalo-1");
  *request.mutable_limits()->mutable_watch() = workflows::ToProto(0s);
  EXPECT_EQ(Must(region_.Sweep(context, request)).ticks(), 1u);
  EXPECT_EQ(count("idempotency_records"), 1);
  EXPECT_EQ(count("outbox"), 1);
  EXPECT_THAT(Items(), IsEmpty());
}

}  // namespace
}  // namespace gpuaas::tests
