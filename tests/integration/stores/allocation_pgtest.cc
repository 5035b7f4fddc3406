#include <thread>

#include "domain/status_macros.h"
#include "stores/allocation/queue.h"
#include "stores/billing/usage.h"
#include "stores/ops/operations.h"
#include "stores/ops/tenant_log.h"
#include "tests/integration/stores/fixture.h"

namespace gpuaas::tests {
namespace {

using domain::AllocationState;
using platform::Transaction;
using stores::Allocation;
using testing::ElementsAre;

class AllocationStoreTest : public StoresTest {
 protected:
  absl::StatusOr<Allocation> Get(const platform::Scope& scope, const AllocationId& id) {
    return db().TransactFor<Allocation>(scope, [&](Transaction& tx) { return stores::GetAllocation(tx, id); });
  }
  absl::StatusOr<Allocation> Transition(const stores::AllocationTransition& transition) {
    return db().TransactFor<Allocation>(platform::SystemScope{},
                                        [&](Transaction& tx) { return stores::TransitionAllocation(tx, transition); });
  }
  stores::Operation OperationOf(const OperationId& id) {
    return InSystem<stores::Operation>([&](Transaction& tx) { return stores::GetOperation(tx, id); });
  }
  OperationId Release(const Allocation& allocation) {
    const auto operation = OperationId::New(now());
    InSystem<Allocation>([&](Transaction& tx) -> absl::StatusOr<Allocation> {
      auto accepted = stores::AcceptRelease(tx, allocation.id, operation, acme_, now());
      auto written = stores::CreateOperation(tx, {.id = operation,
                                                  .caller = acme_,
                                                  .resource_kind = "allocation",
                                                  .resource_id = allocation.id,
                                                  .kind = "release",
                                                  .now = now()});
      return written.ok() ? accepted : written.status();
    });
    return operation;
  }
};

TEST_F(AllocationStoreTest, LivesFromRequestToReleaseWithItsEventsInOrder) {
  const Allocation made = NewAllocation(2);
  EXPECT_EQ(made.state, AllocationState::kRequested);
  EXPECT_EQ(made.operation, made.driving_operation);
  EXPECT_EQ(made.WorkflowId(), "allocation/" + made.id.str());

  Move(made, AllocationState::kProvisioning);
  clock_.Advance(std::chrono::seconds(5));
  const Allocation active =
      Must(Transition({.id = made.id,
                       .operation = made.operation,
                       .to = AllocationState::kActive,
                       .endpoint = stores::SshEndpoint{.host = "10.0.0.1", .port = 2201, .user = "g"},
                       .now = now()}));
  ASSERT_TRUE(active.endpoint.has_value());
  EXPECT_EQ(active.endpoint->port, 2201);
  EXPECT_EQ(active.lease_expires_at, now() + std::chrono::hours(1));
  EXPECT_EQ(OperationOf(made.operation).state, "succeeded");

  const OperationId release = Release(made);
  const Allocation asked = Must(Get(platform::SystemScope{}, made.id));
  EXPECT_EQ(asked.operation, release);
  EXPECT_EQ(asked.driving_operation, made.operation);
  Must(Transition(
      {.id = made.id, .operation = release, .takes_over = true, .to = AllocationState::kReleasing, .now = now()}));
  const Allocation ended =
      Must(Transition({.id = made.id, .operation = release, .to = AllocationState::kReleased, .now = now()}));
  EXPECT_EQ(ended.ended_at, now());
  EXPECT_EQ(OperationOf(release).state, "succeeded");
  EXPECT_THAT(LogTypes(acme_.tenant),
              ElementsAre("allocation.requested", "allocation.provisioning", "allocation.active",
                          "allocation.release_requested", "allocation.releasing", "allocation.released"));
}

TEST_F(AllocationStoreTest, RepeatedTransitionChangesNothingAndLogsNothing) {
  const Allocation made = NewAllocation(1);
  Move(made, AllocationState::kQueued);
  clock_.Advance(std::chrono::seconds(9));
  EXPECT_EQ(Move(made, AllocationState::kQueued).updated_at, made.updated_at);
  EXPECT_THAT(LogTypes(acme_.tenant), ElementsAre("allocation.requested", "allocation.queued"));
}

TEST_F(AllocationStoreTest, RefusesIllegalTransitionsAndOtherOperations) {
  const Allocation made = NewAllocation(1);
  EXPECT_THAT(Transition({.id = made.id, .operation = made.operation, .to = AllocationState::kActive, .now = now()}),
              FailsWith(ErrorCode::kInvalidState));
  const auto stranger =
      Transition({.id = made.id, .operation = OperationId::New(now()), .to = AllocationState::kQueued, .now = now()});
  EXPECT_THAT(stranger, FailsWith(ErrorCode::kInvalidState));
  EXPECT_EQ(DetailsOf(stranger.status()), R"({"operation_id":")" + made.operation.str() + R"(","state":"requested"})");
  EXPECT_THAT(
      Transition(
          {.id = AllocationId::New(now()), .operation = made.operation, .to = AllocationState::kQueued, .now = now()}),
      FailsWith(ErrorCode::kNotFound));
}

TEST_F(AllocationStoreTest, FailureEndsItsOperationsWithTheCause) {
  const Allocation made = NewAllocation(1);
  const OperationId release = Release(made);
  Must(Transition({.id = made.id,
                   .operation = made.operation,
                   .to = AllocationState::kFailed,
                   .reason = "no node answers",
                   .error_code = "node_unreachable",
                   .now = now()}));
  EXPECT_EQ(OperationOf(made.operation).error_code, "node_unreachable");
  EXPECT_EQ(OperationOf(release).state, "failed");
}

TEST_F(AllocationStoreTest, SecondReleaseGivesTheFirst) {
  const Allocation made = NewAllocation(1);
  const OperationId first = Release(made);
  const auto again = InSystem<Allocation>(
      [&](Transaction& tx) { return stores::AcceptRelease(tx, made.id, OperationId::New(now()), acme_, now()); });
  EXPECT_EQ(again.release_operation, first);
  EXPECT_EQ(again.operation, first);
}

TEST_F(AllocationStoreTest, ExtendsTheLeaseOncePerOperation) {
  const Allocation made = NewAllocation(1);
  Move(made, AllocationState::kProvisioning);
  Move(made, AllocationState::kActive);
  const auto operation = OperationId::New(now());
  const auto extend = [&](std::chrono::seconds by) {
    return db().TransactFor<Allocation>(platform::SystemScope{}, [&](Transaction& tx) {
      return stores::ExtendAllocationLease(tx, made.id, operation, by, now());
    });
  };
  InSystem<stores::Operation>([&](Transaction& tx) {
    return stores::CreateOperation(tx, {.id = operation,
                                        .caller = acme_,
                                        .resource_kind = "allocation",
                                        .resource_id = made.id,
                                        .kind = "extend",
                                        .now = now()});
  });
  EXPECT_THAT(extend(std::chrono::hours(24 * 365)), FailsWith(ErrorCode::kQuotaExceeded));
  EXPECT_EQ(Must(extend(std::chrono::hours(2))).lease, std::chrono::hours(3));
  EXPECT_EQ(Must(extend(std::chrono::hours(2))).lease, std::chrono::hours(3));
  EXPECT_EQ(Must(Get(platform::SystemScope{}, made.id)).lease_expires_at, now() + std::chrono::hours(3));
}

TEST_F(AllocationStoreTest, ARefusedExtendIsLoggedOnceAndStaysRefused) {
  const Allocation made = NewAllocation(1);
  const auto operation = OperationId::New(now());
  const auto asked = InSystem<Allocation>([&](Transaction& tx) -> absl::StatusOr<Allocation> {
    GPUAAS_RETURN_IF_ERROR(stores::CreateOperation(tx, {.id = operation,
                                                        .caller = acme_,
                                                        .resource_kind = "allocation",
                                                        .resource_id = made.id,
                                                        .kind = "extend",
                                                        .now = now()})
                               .status());
    return stores::AcceptExtend(tx, made.id, operation, acme_, now());
  });
  EXPECT_EQ(asked.operation, operation);
  for (int attempt = 0; attempt < 2; ++attempt) {
    InSystem<Allocation>([&](Transaction& tx) {
      return stores::RefuseExtend(tx, made.id, operation, MakeError(ErrorCode::kQuotaExceeded, "too long"), now());
    });
  }
  const auto late = InSystem<Allocation>([&](Transaction& tx) {
    return stores::ExtendAllocationLease(tx, made.id, operation, std::chrono::hours(1), now());
  });
  EXPECT_EQ(late.lease, made.lease) << "the signal came a second time";
  const auto log = InSystem<std::vector<stores::LogEntry>>(
      [&](Transaction& tx) { return stores::ReadLog(tx, {.tenant = acme_.tenant, .after = 1, .limit = 10}); });
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].type, "allocation.extend_requested");
  EXPECT_EQ(log[0].principal, acme_.principal);
  EXPECT_EQ(log[1].type, "allocation.extend_refused");
  EXPECT_EQ(log[1].principal, acme_.principal);
  EXPECT_EQ(log[1].operation, operation);
  EXPECT_THAT(log[1].data_json, testing::HasSubstr("too long"));
}

TEST_F(AllocationStoreTest, AProjectHasABoundOfLivingAllocations) {
  const auto check = [&](const stores::Caller& caller, int most) {
    return System([&](Transaction& tx) { return stores::CheckLivingAllocations(tx, caller.project, most); });
  };
  const Allocation made = NewAllocation(1);
  NewAllocation(1);
  EXPECT_TRUE(check(acme_, 3).ok());
  const absl::Status refused = check(acme_, 2);
  EXPECT_THAT(refused, IsError(ErrorCode::kQuotaExceeded));
  EXPECT_EQ(DetailsOf(refused), R"({"limit":2,"quota":"allocations","used":2})");
  EXPECT_TRUE(check(globex_, 1).ok());
  Move(made, AllocationState::kFailed);
  EXPECT_TRUE(check(acme_, 2).ok());

  std::thread second;
  ASSERT_TRUE(System([&](Transaction& tx) -> absl::Status {
                GPUAAS_RETURN_IF_ERROR(stores::CheckLivingAllocations(tx, acme_.project, 2));
                second = std::thread([&] { EXPECT_TRUE(check(acme_, 2).ok()); });
                EXPECT_TRUE(SomebodyWaits()) << "so that both cannot take the last one";
                return absl::OkStatus();
              }).ok());
  second.join();
}

TEST_F(AllocationStoreTest, TenantsSeeTheirOwnOnly) {
  const Allocation ours = NewAllocation(1);
  EXPECT_TRUE(Get(platform::TenantScope{acme_.tenant}, ours.id).ok());
  EXPECT_THAT(Get(platform::TenantScope{globex_.tenant}, ours.id), FailsWith(ErrorCode::kNotFound));
  const platform::TenantScope nobody{TenantId("")};
  EXPECT_THAT(Get(nobody, ours.id), FailsWith(ErrorCode::kNotFound));
}

TEST_F(AllocationStoreTest, ListsByCursorStateAndPrefix) {
  std::vector<AllocationId> made;
  for (int i = 0; i < 7; ++i) {
    clock_.Advance(std::chrono::milliseconds(1));
    made.push_back(NewAllocation(1).id);
  }
  NewAllocation(1, globex_);
  const auto list = [&](const stores::AllocationFilter& filter) {
    return InSystem<stores::AllocationPage>([&](Transaction& tx) { return stores::ListAllocations(tx, filter); });
  };
  auto page = list({.project = acme_.project, .limit = 5});
  ASSERT_EQ(page.items.size(), 5U);
  EXPECT_EQ(page.items[0].id, made[6]);
  EXPECT_EQ(page.next, made[2]);
  page = list({.project = acme_.project, .before = page.next, .limit = 5});
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(page.items[1].id, made[0]);
  EXPECT_TRUE(page.next.empty());
  EXPECT_EQ(list({.tenant = acme_.tenant}).items.size(), 7U);
  EXPECT_EQ(list({}).items.size(), 8U);
  EXPECT_TRUE(list({.project = acme_.project, .states = {AllocationState::kActive}}).items.empty());
  const std::string all_but_last = made[3].str().substr(0, 31);
  EXPECT_GE(list({.project = acme_.project, .id_prefix = all_but_last}).items.size(), 1U);
  EXPECT_EQ(list({.project = acme_.project, .id_prefix = made[3]}).items.size(), 1U);
}

TEST_F(AllocationStoreTest, APageOfTenThousandIsReadInTheOrderOfAnIndex) {
  NewAllocation(1);
  ASSERT_TRUE(System([&](Transaction& tx) {
                return tx
                    .Query(
                        "INSERT INTO allocations (id, tenant_id, project_id, name, sku, region, gpus, ssh_key_ids, "
                        "created_by, state, operation_id, driving_operation_id, correlation_id, lease_seconds, "
                        "created_at, updated_at) SELECT 'alloc_' || to_char(n, 'FM00000000000000000000000000'), "
                        "tenant_id, project_id, name, sku, region, gpus, ssh_key_ids, created_by, 'released', "
                        "operation_id, driving_operation_id, correlation_id, lease_seconds, created_at, updated_at "
                        "FROM allocations, generate_series(1, 10000) AS n")
                    .status();
              }).ok());
  database_.Execute("ANALYZE allocations");
  const auto explain = Must(db().TransactFor<std::string>(
      platform::TenantScope{acme_.tenant}, [&](Transaction& tx) -> absl::StatusOr<std::string> {
        const auto plan = tx.Query(
            "EXPLAIN SELECT id FROM allocations WHERE project_id = $1 AND id < '~' ORDER BY id "
            "DESC LIMIT 101",
            {acme_.project});
        std::string text;
        for (const platform::Row& row : *plan) text += row.Text("\"QUERY PLAN\"") + "\n";
        return text;
      }));
  EXPECT_EQ(explain.find("Seq Scan"), std::string::npos) << explain;
  EXPECT_EQ(explain.find("Sort"), std::string::npos) << explain;
  const auto page = InSystem<stores::AllocationPage>(
      [&](Transaction& tx) { return stores::ListAllocations(tx, {.project = acme_.project, .limit = 100}); });
  EXPECT_EQ(page.items.size(), 100U);
}

TEST_F(AllocationStoreTest, UsageOpensOnceAndClosesOnce) {
  const Allocation made = NewAllocation(1);
  const auto open = [&] {
    return db().TransactFor<stores::UsageInterval>(
        platform::SystemScope{}, [&](Transaction& tx) { return stores::OpenUsage(tx, made.id, now()); });
  };
  const auto close = [&](Time at) {
    return InSystem<std::optional<stores::UsageInterval>>(
        [&](Transaction& tx) { return stores::CloseUsage(tx, made.id, at, "released"); });
  };
  EXPECT_THAT(open(), FailsWith(ErrorCode::kInvalidState));
  const stores::Node node = NewNode("gpu-1", 1);
  database_.Execute("SELECT set_config('app.scope', 'system', false); UPDATE allocations SET node_id = '" +
                    node.id.str() + "'");
  const auto first = Must(open());
  EXPECT_EQ(Must(open()).id, first.id);
  EXPECT_EQ(close(now() - std::chrono::hours(1))->closed_at, now());  // never before it was opened
  EXPECT_FALSE(close(now()).has_value());
}

}  // namespace
}  // namespace gpuaas::tests
