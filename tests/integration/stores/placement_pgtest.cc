#include <atomic>
#include <set>
#include <thread>

#include "domain/status_macros.h"
#include "stores/allocation/queue.h"
#include "stores/nodes/placement.h"
#include "tests/integration/stores/fixture.h"

namespace gpuaas::tests {
namespace {

using domain::AllocationState;
using domain::NodeState;
using platform::Transaction;
using stores::Allocation;
using stores::Reservation;

class PlacementStoreTest : public StoresTest {
 protected:
  absl::StatusOr<Reservation> Reserve(const Allocation& allocation, std::vector<NodeId> excluded = {}) {
    return db().TransactFor<Reservation>(platform::SystemScope{}, [&](Transaction& tx) {
      return stores::ReserveGpus(
          tx, {.allocation = allocation.id, .operation = allocation.operation, .excluded = excluded, .now = now()});
    });
  }
  int Free(const Allocation& allocation) {
    return InSystem<int>([&](Transaction& tx) { return stores::FreeGpus(tx, allocation.id, now()); });
  }
};

TEST_F(PlacementStoreTest, ReservesOnceAndFreesOnce) {
  NewNode("gpu-1", 8);
  const Allocation allocation = NewAllocation(3);
  const Reservation reservation = Must(Reserve(allocation));
  EXPECT_EQ(reservation.gpu_uuids.size(), 3U);
  EXPECT_EQ(reservation.cpus, 72);
  EXPECT_EQ(reservation.memory_bytes, 720LL << 30);
  EXPECT_EQ(reservation.explanation, "gpu-1 (1 of 1 node fit)");
  EXPECT_EQ(Must(Reserve(allocation)).gpu_uuids, reservation.gpu_uuids);
  EXPECT_EQ(Free(allocation), 3);
  EXPECT_EQ(Free(allocation), 0);
}

TEST_F(PlacementStoreTest, SaysWhyNothingFits) {
  NewNode("small", 2);
  NewNode("large", 8);
  ASSERT_TRUE(Reserve(NewAllocation(6)).ok());
  const auto refused = Reserve(NewAllocation(4));
  EXPECT_THAT(refused, FailsWith(ErrorCode::kNoCapacity));
  EXPECT_EQ(DetailsOf(refused.status()),
            R"({"nodes":2,"fell_out":{"region":0,"excluded":0,"state":0,"model":0,"size":1,"free":1}})");
}

TEST_F(PlacementStoreTest, DoesNotPlaceOnANodeThatIsBeingDrained) {
  const auto node = NewNode("gpu-1", 2);
  const Allocation allocation = NewAllocation(1);
  absl::Status placed;
  std::thread placing;
  ASSERT_TRUE(System([&](Transaction& tx) -> absl::Status {
                GPUAAS_RETURN_IF_ERROR(
                    stores::SetNodeState(tx, node.id, NodeState::kDraining, OperationId(), "", acme_, now()).status());
                placing = std::thread([&] { placed = Reserve(allocation).status(); });  // it saw an active node
                EXPECT_TRUE(SomebodyWaits());
                return absl::OkStatus();
              }).ok());
  placing.join();
  EXPECT_THAT(placed, IsError(ErrorCode::kNoCapacity));
}

TEST_F(PlacementStoreTest, ANodeOnWhichIsBeingPlacedIsNotReclaimed) {
  const auto node = NewNode("gpu-1", 2);
  const Allocation allocation = NewAllocation(1);
  const auto set = [&](NodeState to) {
    return System([&](Transaction& tx) {
      return stores::SetNodeState(tx, node.id, to, OperationId(), "", acme_, now()).status();
    });
  };
  std::thread reclaiming;
  ASSERT_TRUE(
      System([&](Transaction& tx) -> absl::Status {
        GPUAAS_RETURN_IF_ERROR(
            stores::ReserveGpus(tx, {.allocation = allocation.id, .operation = allocation.operation, .now = now()})
                .status());
        reclaiming = std::thread([&] {
          EXPECT_TRUE(set(NodeState::kCordoned).ok());
          EXPECT_THAT(set(NodeState::kReclaimed), IsError(ErrorCode::kInvalidState));
        });
        EXPECT_TRUE(SomebodyWaits());
        return absl::OkStatus();
      }).ok());
  reclaiming.join();
}

TEST_F(PlacementStoreTest, TriesTheNextNodeWhenTheChosenOneWasTaken) {
  const auto first = NewNode("gpu-1", 1);
  const auto second = NewNode("gpu-2", 2);
  const Allocation allocation = NewAllocation(1);
  absl::StatusOr<Reservation> placed;
  std::thread placing;
  ASSERT_TRUE(System([&](Transaction& tx) -> absl::Status {
                GPUAAS_RETURN_IF_ERROR(
                    stores::SetNodeState(tx, first.id, NodeState::kCordoned, OperationId(), "", acme_, now()).status());
                placing = std::thread([&] { placed = Reserve(allocation); });
                EXPECT_TRUE(SomebodyWaits());
                return absl::OkStatus();
              }).ok());
  placing.join();
  EXPECT_EQ(Must(placed).node, second.id);
}

TEST_F(PlacementStoreTest, PassesOverExcludedNodesAndEndingAllocations) {
  const auto first = NewNode("gpu-1", 2);
  const auto second = NewNode("gpu-2", 4);
  EXPECT_EQ(Must(Reserve(NewAllocation(1), {first.id})).node, second.id);
  const Allocation ending = NewAllocation(1);
  Move(ending, AllocationState::kFailed);
  EXPECT_THAT(Reserve(ending), FailsWith(ErrorCode::kInvalidState));
}

TEST_F(PlacementStoreTest, NobodyOvertakesTheQueueButLeftoversAreUsed) {
  NewNode("gpu-1", 8);
  const Allocation holder = NewAllocation(6);
  ASSERT_TRUE(Reserve(holder).ok());
  const Allocation waiting = NewAllocation(2, globex_);
  Move(waiting, AllocationState::kQueued);
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_THAT(Reserve(NewAllocation(1)), FailsWith(ErrorCode::kNoCapacity)) << "the two free ones are due to globex";
  ASSERT_TRUE(Reserve(waiting).ok());

  Free(holder);
  const Allocation large = NewAllocation(8, globex_);
  Move(large, AllocationState::kQueued);
  EXPECT_TRUE(Reserve(NewAllocation(1)).ok()) << "the one before needs more than there is";
  EXPECT_EQ(InSystem<int>([&](Transaction& tx) { return stores::QueuePosition(tx, large.id); }), 1);
}

TEST_F(PlacementStoreTest, ConcurrentReservationsNeverShareAGpu) {
  NewNode("gpu-1", 8);
  NewNode("gpu-2", 8);
  std::vector<Allocation> allocations;
  for (int i = 0; i < 24; ++i) allocations.push_back(NewAllocation(1, i % 2 == 0 ? acme_ : globex_));
  std::atomic<int> placed = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = static_cast<std::size_t>(t); i < allocations.size(); i += 6) {
        const auto result = Reserve(allocations[i]);
        if (result.ok()) ++placed;
        if (!result.ok() && ErrorCodeOf(result.status()) == ErrorCode::kNoCapacity) ++refused;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(placed, 16);
  EXPECT_EQ(refused, 8);
  std::set<std::string> gpus;
  for (const Allocation& allocation : allocations) {
    const auto got = InSystem<Allocation>([&](Transaction& tx) { return stores::GetAllocation(tx, allocation.id); });
    for (const std::string& gpu : got.gpu_uuids) EXPECT_TRUE(gpus.insert(gpu).second) << gpu;
  }
  EXPECT_EQ(gpus.size(), 16U);
}

TEST_F(PlacementStoreTest, TheSchemaItselfRefusesASecondLiveAssignment) {
  NewNode("gpu-1", 1);
  const Allocation first = NewAllocation(1);
  const Reservation reservation = Must(Reserve(first));
  const Allocation second = NewAllocation(1);
  const auto assign = [&] {
    return System([&](Transaction& tx) {
      return tx
          .Query(
              "INSERT INTO gpu_assignments (tenant_id, allocation_id, operation_id, node_id, gpu_uuid, assigned_at) "
              "VALUES ($1, $2, $3, $4, $5, $6)",
              {acme_.tenant, second.id, second.operation, reservation.node, reservation.gpu_uuids[0], now()})
          .status();
    });
  };
  EXPECT_THAT(assign(), IsError(ErrorCode::kConflict));
  Free(first);
  EXPECT_TRUE(assign().ok());
}

TEST_F(PlacementStoreTest, AMachineEnrolledTwiceHasItsGpusOnce) {
  NewNode("gpu-1", 2);
  const auto again = NewNode("gpu-1-again", 2);
  database_.Execute(
      "SELECT set_config('app.scope', 'system', false); UPDATE gpus SET uuid = replace(uuid, 'gpu-1-again', 'gpu-1')");
  const Allocation first = NewAllocation(2);
  const NodeId holder = Must(Reserve(first)).node;
  EXPECT_THAT(Reserve(NewAllocation(1)), FailsWith(ErrorCode::kNoCapacity));
  const absl::Status reclaim = System([&](Transaction& tx) -> absl::Status {
    const stores::Caller ops{.tenant = PlatformTenant(), .principal = "usr_ops"};
    for (const auto to : {domain::NodeState::kCordoned, domain::NodeState::kReclaimed}) {
      const auto set = stores::SetNodeState(tx, holder, to, OperationId(), "", ops, now());
      if (!set.ok()) return set.status();
    }
    return absl::OkStatus();
  });
  EXPECT_THAT(reclaim, IsError(ErrorCode::kInvalidState));
  EXPECT_EQ(again.gpus_total, 2);
}

}  // namespace
}  // namespace gpuaas::tests
