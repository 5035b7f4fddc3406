#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "stores/billing/usage.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/attempts.h"
#include "stores/ops/items.h"
#include "stores/ops/operations.h"
#include "temporal/api/history/v1/message.pb.h"
#include "tests/integration/flow/flow_world.h"
#include "workflows/common/time.h"

namespace gpuaas::testing {
namespace {

using namespace std::chrono_literals;
using domain::AllocationState;
using platform::SystemScope;
using platform::Transaction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Flow : public ::testing::Test {
 protected:
  stores::Operation OperationOf(const OperationId& id) {
    return *world_.database().TransactFor<stores::Operation>(
        SystemScope(), [&](Transaction& tx) { return stores::GetOperation(tx, id); });
  }
  std::vector<stores::UsageInterval> Usage(const AllocationId& id) {
    return *world_.database().TransactFor<std::vector<stores::UsageInterval>>(
        SystemScope(), [&](Transaction& tx) { return stores::ListUsage(tx, id); });
  }
  std::vector<stores::Attempt> Attempts(const AllocationId& id) {
    return *world_.database().TransactFor<std::vector<stores::Attempt>>(
        SystemScope(), [&](Transaction& tx) { return stores::ListAttempts(tx, "allocation/" + id.str()); });
  }
  std::vector<std::string> OpenItems() {
    std::vector<std::string> kinds;
    const auto items = *world_.database().TransactFor<std::vector<stores::OpsItem>>(
        SystemScope(), [&](Transaction& tx) { return stores::ListOpsItems(tx, false, 100); });
    for (const auto& item : items) kinds.push_back(item.kind);
    return kinds;
  }

  domain::NodeContact Contact() {
    return world_.database()
        .TransactFor<stores::Node>(SystemScope(), [&](Transaction& tx) { return stores::GetNode(tx, world_.node()); })
        ->contact;
  }

  FlowWorld world_;
};

TEST_F(Flow, AnAllocationBecomesActiveAndIsReleased) {
  world_.StartWorker();
  const AllocationId id = world_.CreateAllocation(2);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kActive));
  const stores::Allocation active = world_.Get(id);
  EXPECT_EQ(active.gpu_uuids.size(), 2u);
  EXPECT_EQ(active.endpoint->user, "gpu-1");
  EXPECT_EQ(OperationOf(active.operation).state, "succeeded");
  EXPECT_THAT(world_.agent().sandboxes(), ElementsAre(id.str()));

  const OperationId extend = world_.Extend(id, 1h);
  ASSERT_TRUE(world_.WaitFor([&] { return OperationOf(extend).state == "succeeded"; }));
  EXPECT_EQ(world_.Get(id).lease_expires_at, *active.lease_expires_at + 1h);

  const OperationId release = world_.Release(id);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kReleased));
  EXPECT_EQ(OperationOf(release).state, "succeeded");
  EXPECT_THAT(world_.agent().sandboxes(), IsEmpty());
  const auto usage = Usage(id);
  ASSERT_EQ(usage.size(), 1u);
  EXPECT_TRUE(usage[0].closed_at.has_value());
  EXPECT_EQ(usage[0].close_reason, "user_request");
  EXPECT_TRUE(world_.Get(id).gpu_uuids.empty());

  EXPECT_EQ(world_.ResultOf(id), "released");

  world_.SendStartAgain(id);
  EXPECT_EQ(world_.ResultOf(id), "duplicate");
  EXPECT_EQ(world_.Get(id).state, AllocationState::kReleased);
  EXPECT_THAT(OpenItems(), IsEmpty());
  EXPECT_EQ(world_.StopWorker(), 0);
}

TEST_F(Flow, EveryAttemptIsRecordedWithItsCause) {
  std::atomic<int> failures = 2;
  world_.agent().Intercept([&](const std::string& method) {
    return method == "EnsureSandbox" && failures-- > 0 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now")
                                                       : grpc::Status::OK;
  });
  world_.StartWorker();
  const AllocationId id = world_.CreateAllocation(1);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kActive));
  std::vector<std::string> outcomes;
  for (const auto& attempt : Attempts(id)) {
    if (attempt.step == "allocation.Place") EXPECT_THAT(attempt.message, HasSubstr("1 of 1 node"));
    if (attempt.step != "allocation.Provision") continue;
    outcomes.push_back(attempt.outcome + " " + attempt.error_code);
    if (attempt.outcome == "failed") EXPECT_TRUE(attempt.next_retry_at.has_value());
  }
  EXPECT_THAT(outcomes, ElementsAre("failed node_unreachable", "failed node_unreachable", "completed "));
}

TEST_F(Flow, AReleaseServesTheNextInTheQueue) {
  world_.StartWorker();
  const AllocationId first = world_.CreateAllocation(8);
  ASSERT_TRUE(world_.WaitForState(first, AllocationState::kActive));
  const AllocationId second = world_.CreateAllocation(4);
  ASSERT_TRUE(world_.WaitForState(second, AllocationState::kQueued));
  world_.Release(first);
  ASSERT_TRUE(world_.WaitForState(second, AllocationState::kActive));
}

TEST_F(Flow, AWorkerKilledInMidFlowLosesNothing) {
  std::atomic<bool> reached = false;
  std::atomic<bool> blocked = true;
  world_.agent().Intercept([&](const std::string& method) {
    if (method != "EnsureSandbox") return grpc::Status::OK;
    reached = true;
    return blocked ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now") : grpc::Status::OK;
  });
  world_.StartWorker();
  const AllocationId id = world_.CreateAllocation(1);
  ASSERT_TRUE(world_.WaitFor([&] { return reached.load(); }));
  world_.KillWorker();
  blocked = false;
  world_.StartWorker();
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kActive));
  world_.Release(id);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kReleased));
  EXPECT_EQ(Usage(id).size(), 1u);
}

TEST_F(Flow, ADarkNodeEndsByFencingAtTheLastProvenMoment) {
  *world_.limits().mutable_removal_bound() = workflows::ToProto(3s);
  *world_.sweep_limits().mutable_tick() = workflows::ToProto(200ms);
  *world_.sweep_limits().mutable_late() = workflows::ToProto(1s);
  world_.StartWorker();
  const AllocationId id = world_.CreateAllocation(1);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kActive));
  world_.Heartbeat(id);
  world_.agent().Stop();
  // Asked in vain, a node that still counts as heard would be taken out of service instead of being fenced.
  ASSERT_TRUE(world_.WaitFor([&] {
    world_.Pulse();  // the API is there; only the node is silent
    return Contact() == domain::NodeContact::kLate;
  }));
  world_.Release(id);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kReleased));
  const auto usage = Usage(id);
  ASSERT_EQ(usage.size(), 1u);
  ASSERT_TRUE(usage[0].closed_at.has_value());
  EXPECT_LT(*usage[0].closed_at, *world_.Get(id).ended_at - 1s);
  EXPECT_THAT(OpenItems(), ElementsAre("node_fenced"));
}

TEST_F(Flow, ANodeInContactThatKeepsASandboxTakesNothingNewAndIsAskedUntilItIsGone) {
  *world_.limits().mutable_removal_bound() = workflows::ToProto(3s);
  *world_.sweep_limits().mutable_tick() = workflows::ToProto(200ms);
  std::atomic<bool> broken = true;
  world_.agent().Intercept([&](const std::string& method) {
    return method == "RemoveSandbox" && broken ? grpc::Status(grpc::StatusCode::INTERNAL, "device busy")
                                               : grpc::Status::OK;
  });
  world_.StartWorker();
  world_.StartNodeFlow();
  const AllocationId id = world_.CreateAllocation(1);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kActive));
  world_.Heartbeat(id);
  world_.Release(id);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kReleased));
  EXPECT_THAT(OpenItems(), ElementsAre("sandbox_left", "node_fenced"));
  EXPECT_THAT(world_.agent().sandboxes(), ElementsAre(id.str()));
  const AllocationId next = world_.CreateAllocation(1);
  ASSERT_TRUE(world_.WaitForState(next, AllocationState::kQueued));
  broken = false;
  ASSERT_TRUE(world_.WaitFor([&] { return world_.agent().sandboxes().empty(); }));
  ASSERT_TRUE(world_.WaitFor([&] { return OpenItems() == std::vector<std::string>{"node_fenced"}; }));
}

TEST_F(Flow, AFailureIsUndoneAndToldToWhoAsked) {
  world_.agent().Intercept([](const std::string& method) {
    return method == "EnsureSandbox" ? grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no such GPU")
                                     : grpc::Status::OK;
  });
  world_.StartWorker();
  const AllocationId id = world_.CreateAllocation(1);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kFailed));
  const stores::Allocation failed = world_.Get(id);
  EXPECT_EQ(failed.error_code, "invalid_argument");
  EXPECT_EQ(OperationOf(failed.operation).state, "failed");
  EXPECT_TRUE(failed.gpu_uuids.empty());
  EXPECT_THAT(Usage(id), IsEmpty());
}

TEST_F(Flow, TheSweepTellsALostNodesAllocations) {
  *world_.sweep_limits().mutable_tick() = workflows::ToProto(200ms);
  *world_.sweep_limits().mutable_late() = workflows::ToProto(1s);
  *world_.sweep_limits().mutable_lost() = workflows::ToProto(3s);
  world_.StartWorker();
  const AllocationId id = world_.CreateAllocation(1);
  ASSERT_TRUE(world_.WaitForState(id, AllocationState::kActive));
  world_.StartNodeFlow();
  world_.Heartbeat(id);
  ASSERT_TRUE(world_.WaitFor([&] {
    world_.Pulse();  // the API is there; only the node is silent
    return world_.Get(id).state == AllocationState::kReleased;
  }));
  EXPECT_EQ(Usage(id)[0].close_reason, "node_lost");
}

}  // namespace
}  // namespace gpuaas::testing
