#include <atomic>
#include <thread>

#include "domain/status_macros.h"
#include "stores/ops/attempts.h"
#include "stores/ops/items.h"
#include "stores/ops/mutation.h"
#include "stores/ops/outbox.h"
#include "stores/ops/overview.h"
#include "stores/ops/tenant_log.h"
#include "tests/integration/stores/fixture.h"

namespace gpuaas::tests {
namespace {

using platform::Transaction;
using stores::Answer;
using testing::ElementsAre;
using testing::IsEmpty;

class OpsStoreTest : public StoresTest {
 protected:
  stores::Mutation MutationOf(const std::string& key, const std::string& digest) {
    return {.caller = acme_, .api_operation = "createThing", .key = key, .digest = digest, .now = now()};
  }

  // Counts how often the body ran to its end and was committed.
  absl::StatusOr<Answer> Mutate(const stores::Mutation& mutation, const std::string& body_json = "{}") {
    return db().TransactFor<Answer>(platform::TenantScope{mutation.caller.tenant}, [&](Transaction& tx) {
      return stores::Mutate(tx, mutation, [&](Transaction& inner) -> absl::StatusOr<Answer> {
        ++runs_;
        stores::AppendLog(inner, {.caller = mutation.caller,
                                  .type = "thing.created",
                                  .resource_kind = "thing",
                                  .resource_id = "thing_1",
                                  .now = now()});
        return Answer{.http_status = 202, .body_json = body_json, .operation = OperationId("op_1")};
      });
    });
  }

  std::int64_t Enqueue(const std::string& workflow, const std::string& name) {
    return InSystem<std::int64_t>([&](Transaction& tx) {
      return stores::EnqueueOutbox(tx, {.tenant = acme_.tenant,
                                        .workflow_id = workflow,
                                        .kind = stores::kOutboxSignalWorkflow,
                                        .name = name,
                                        .payload_json = R"({"b":1, "a":2})",
                                        .correlation_id = "corr_1",
                                        .now = now()});
    });
  }

  std::atomic<int> runs_ = 0;
};

std::vector<std::string> Names(const std::vector<stores::OutboxRow>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

TEST_F(OpsStoreTest, SameKeyAndRequestGetTheFirstAnswer) {
  EXPECT_FALSE(Must(Mutate(MutationOf("k", "d"), R"({"first":true})")).replayed);
  const Answer again = Must(Mutate(MutationOf("k", "d"), R"({"second":true})"));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body_json, R"({"first":true})");
  EXPECT_EQ(again.http_status, 202);
  EXPECT_EQ(again.operation.str(), "op_1");
  EXPECT_EQ(runs_, 1);
}

TEST_F(OpsStoreTest, SameKeyWithAnotherRequestIsRefused) {
  Must(Mutate(MutationOf("k", "d")));
  EXPECT_THAT(Mutate(MutationOf("k", "other")), FailsWith(ErrorCode::kIdempotencyKeyReused));
  stores::Mutation elsewhere = MutationOf("k", "other");
  elsewhere.api_operation = "deleteThing";
  EXPECT_TRUE(Mutate(elsewhere).ok()) << "the API operation belongs to the scope of the key";
  elsewhere.caller = globex_;
  EXPECT_TRUE(Mutate(elsewhere).ok()) << "and so does the tenant";
}

TEST_F(OpsStoreTest, AKeyIsFreeAgainAfterItsTime) {
  Must(Mutate(MutationOf("k", "d")));
  clock_.Advance(std::chrono::hours(24));
  EXPECT_FALSE(Must(Mutate(MutationOf("k", "other"))).replayed);
  clock_.Advance(std::chrono::hours(48));
  const auto purge = [&](Transaction& tx) { return stores::PurgeIdempotencyRecords(tx, now(), 100); };
  EXPECT_EQ(InSystem<std::size_t>(purge), 1U);
}

TEST_F(OpsStoreTest, AFailedBodyLeavesNothing) {
  const auto failed = db().TransactFor<Answer>(platform::TenantScope{acme_.tenant}, [&](Transaction& tx) {
    return stores::Mutate(tx, MutationOf("k", "d"), [&](Transaction& inner) -> absl::StatusOr<Answer> {
      stores::AppendLog(inner, {.caller = acme_, .type = "never", .now = now()});
      return MakeError(ErrorCode::kUnknownSku, "no");
    });
  });
  EXPECT_THAT(failed, FailsWith(ErrorCode::kUnknownSku));
  EXPECT_THAT(LogTypes(acme_.tenant), IsEmpty());
  EXPECT_FALSE(Must(Mutate(MutationOf("k", "corrected"))).replayed);
}

TEST_F(OpsStoreTest, RacingRepeatsRunOnce) {
  std::atomic<int> replayed = 0;
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto answer = Mutate(MutationOf("race", "d"));
      if (!answer.ok()) ++failed;
      if (answer.ok() && answer->replayed) ++replayed;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(replayed, 7);
  EXPECT_EQ(LogTypes(acme_.tenant).size(), 1U);
}

TEST_F(OpsStoreTest, OutboxKeepsTheOrderOfAResource) {
  const std::int64_t a1 = Enqueue("allocation/a", "a1");
  const std::int64_t a2 = Enqueue("allocation/a", "a2");
  const std::int64_t b1 = Enqueue("allocation/b", "b1");
  const auto claim = [&](const std::string& workflow) {
    return InSystem<std::vector<stores::OutboxRow>>([&](Transaction& tx) {
      return stores::ClaimOutbox(tx, now(), now() + std::chrono::seconds(10), 10, workflow);
    });
  };
  std::vector<std::string> first;
  std::vector<std::string> beside;
  ASSERT_TRUE(System([&](Transaction& tx) -> absl::Status {
                const auto claimed = Must(stores::ClaimOutbox(tx, now(), now() + std::chrono::seconds(10), 10));
                first = Names(claimed);
                EXPECT_EQ(claimed.at(0).payload_json, R"({"b":1, "a":2})") << "byte for byte";
                std::thread other([&] { beside = Names(claim("")); });  // another replica, while the first is claiming
                other.join();
                return absl::OkStatus();
              }).ok());
  EXPECT_THAT(first, ElementsAre("a1", "b1"));
  EXPECT_THAT(beside, IsEmpty()) << "neither what is being claimed nor its successors";
  EXPECT_THAT(claim(""), IsEmpty()) << "nor while they are being sent";

  ASSERT_TRUE(System([&](Transaction& tx) -> absl::Status {
                GPUAAS_RETURN_IF_ERROR(stores::MarkSent(tx, a1, now()));
                GPUAAS_RETURN_IF_ERROR(stores::ReturnUntried(tx, b1, now()));
                return stores::MarkFailed(tx, a2, "unreachable", now() + std::chrono::seconds(30));
              }).ok());
  EXPECT_THAT(Names(claim("")), ElementsAre("b1"));
  EXPECT_THAT(claim("allocation/a"), IsEmpty());
  clock_.Advance(std::chrono::seconds(30));
  EXPECT_THAT(Names(claim("allocation/a")), ElementsAre("a2"));
  const auto backlog =
      InSystem<stores::OutboxBacklog>([&](Transaction& tx) { return stores::GetOutboxBacklog(tx, now()); });
  EXPECT_EQ(backlog.unsent, 2);
  EXPECT_EQ(backlog.oldest, std::chrono::seconds(30));
  ASSERT_TRUE(System([&](Transaction& tx) { return stores::MarkSent(tx, b1, now()); }).ok());
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(InSystem<std::size_t>([&](Transaction& tx) { return stores::PurgeOutbox(tx, now(), 10); }), 2U);
}

TEST_F(OpsStoreTest, LogIsGapFreeUnderConcurrencyAndRollbacks) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const absl::Status status = System([&](Transaction& tx) {
          // Two tenants in opposite orders: the counters are taken in one order all the same.
          for (const auto& caller : {t % 2 == 0 ? acme_ : globex_, t % 2 == 0 ? globex_ : acme_}) {
            stores::AppendLog(tx,
                              {.caller = caller, .type = "t", .resource_kind = "r", .resource_id = "r", .now = now()});
          }
          return i % 5 == 4 ? MakeError(ErrorCode::kInvalidState, "rolled back") : absl::OkStatus();
        });
        EXPECT_EQ(status.ok(), i % 5 != 4);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto entries = InSystem<std::vector<stores::LogEntry>>(
      [&](Transaction& tx) { return stores::ReadLog(tx, {.tenant = acme_.tenant, .limit = 1000}); });
  ASSERT_EQ(entries.size(), 96U);
  for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(entries[i].number, static_cast<std::int64_t>(i) + 1);
  const auto last = [&](Transaction& tx) { return stores::LastLogNumber(tx, acme_.tenant); };
  EXPECT_EQ(InSystem<std::int64_t>(last), 96);
}

TEST_F(OpsStoreTest, LogIsAppendOnlyForTheServices) {
  const auto change = [&](std::string_view sql) {
    return System([&](Transaction& tx) { return tx.Query(sql).status(); });
  };
  EXPECT_FALSE(change("UPDATE tenant_log SET type = 'x'").ok());
  EXPECT_FALSE(change("DELETE FROM tenant_log").ok());
}

TEST_F(OpsStoreTest, AttemptsAreKeptOnePerTry) {
  const auto allocation = NewAllocation(1);
  const auto begin = [&](int number) {
    return System([&](Transaction& tx) {
      return stores::BeginAttempt(tx, {.workflow_id = allocation.WorkflowId(),
                                       .run_id = "run-1",
                                       .activity_id = "2",
                                       .step = "allocation.Provision",
                                       .number = number,
                                       .operation = allocation.operation,
                                       .worker = "w@1",
                                       .started_at = now()});
    });
  };
  ASSERT_TRUE(begin(1).ok());
  ASSERT_TRUE(begin(1).ok());
  const stores::AttemptEnd failure{.outcome = "failed",
                                   .error_code = "node_unreachable",
                                   .message = "no answer",
                                   .retryable = true,
                                   .next_retry_at = now() + std::chrono::seconds(2),
                                   .now = now()};
  ASSERT_TRUE(System([&](Transaction& tx) {
                return stores::EndAttempt(tx, allocation.WorkflowId(), "run-1", "2", 1, failure);
              }).ok());
  clock_.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(begin(2).ok());
  const auto attempts =
      Must(db().TransactFor<std::vector<stores::Attempt>>(platform::TenantScope{acme_.tenant}, [&](Transaction& tx) {
        return stores::ListAttempts(tx, allocation.WorkflowId());
      }));
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].outcome, "failed");
  EXPECT_EQ(attempts[0].error_code, "node_unreachable");
  EXPECT_EQ(attempts[1].outcome, "running");
  const auto foreign =
      Must(db().TransactFor<std::vector<stores::Attempt>>(platform::TenantScope{globex_.tenant}, [&](Transaction& tx) {
        return stores::ListAttempts(tx, allocation.WorkflowId());
      }));
  EXPECT_THAT(foreign, IsEmpty());
}

TEST_F(OpsStoreTest, AnOpenItemCountsInsteadOfMultiplying) {
  const auto raise = [&] {
    return InSystem<OpsItemId>([&](Transaction& tx) {
      return stores::RaiseOpsItem(tx,
                                  {.tenant = acme_.tenant,
                                   .severity = "critical",
                                   .kind = "release_stuck",
                                   .title = "Release does not end",
                                   .resource_kind = "allocation",
                                   .resource_id = "alloc_1",
                                   .workflow_id = "allocation/alloc_1",
                                   .runbook = "docs/runbooks/release-stuck.md"},
                                  now());
    });
  };
  const OpsItemId first = raise();
  EXPECT_EQ(raise(), first);
  const auto list = [&](Transaction& tx) { return stores::ListOpsItems(tx, false, 10); };
  EXPECT_EQ(InSystem<std::vector<stores::OpsItem>>(list).at(0).times, 2);
  const auto close = [&](Transaction& tx) {
    return stores::CloseOpsItem(tx, "release_stuck", "allocation", "alloc_1", now());
  };
  EXPECT_TRUE(InSystem<bool>(close));
  EXPECT_FALSE(InSystem<bool>(close));
  EXPECT_NE(raise(), first);
}

TEST_F(OpsStoreTest, OverviewCountsWhatLives) {
  NewNode("gpu-1", 8);
  Move(NewAllocation(2), domain::AllocationState::kQueued);
  Enqueue("allocation/a", "a1");
  const auto overview = InSystem<stores::Overview>([](Transaction& tx) { return stores::GetOverview(tx); });
  EXPECT_EQ(overview.allocations_by_state.at("queued"), 1);
  EXPECT_EQ(overview.nodes_by_state.at("active"), 1);
  EXPECT_EQ(overview.gpus_total, 8);
  EXPECT_EQ(overview.queued_gpus, 2);
  EXPECT_EQ(overview.outbox_unsent, 1);
  EXPECT_EQ(overview.running_operations, 1);
}

}  // namespace
}  // namespace gpuaas::tests
