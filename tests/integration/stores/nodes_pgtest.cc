#include <thread>

#include "domain/status_macros.h"
#include "stores/nodes/enrolment.h"
#include "stores/nodes/heartbeats.h"
#include "stores/ops/items.h"
#include "stores/ops/tenant_log.h"
#include "tests/integration/stores/fixture.h"

namespace gpuaas::tests {
namespace {

using domain::NodeContact;
using domain::NodeState;
using platform::Transaction;
using testing::ElementsAre;
using testing::IsEmpty;

class NodeStoreTest : public StoresTest {
 protected:
  stores::HeartbeatResult Beat(const NodeId& node, const std::string& digest = "digest-1") {
    return InSystem<stores::HeartbeatResult>([&](Transaction& tx) {
      return stores::RecordHeartbeat(
          tx, {.node = node, .boot_id = "boot-1", .agent_version = "1", .inventory_digest = digest, .now = now()});
    });
  }
  void ApiPulse() {
    ASSERT_TRUE(System([&](Transaction& tx) { return stores::RecordPulse(tx, "api", now()); }).ok());
  }
  std::vector<std::string> Sweep() {
    const auto changes = InSystem<std::vector<stores::ContactChange>>(
        [&](Transaction& tx) { return stores::SweepContacts(tx, "us-buffalo-1", {}, now()); });
    std::vector<std::string> words;
    for (const auto& change : changes) {
      words.push_back(std::string(NameOf(change.from)) + ">" + std::string(NameOf(change.to)));
    }
    return words;
  }
  // Lets time pass in steps of five seconds, as the control plane lives through it.
  std::vector<std::string> Live(std::chrono::seconds duration, bool with_api = true) {
    std::vector<std::string> all;
    for (std::chrono::seconds passed{0}; passed < duration; passed += std::chrono::seconds(5)) {
      clock_.Advance(std::chrono::seconds(5));
      if (with_api) ApiPulse();
      for (auto& word : Sweep()) all.push_back(std::move(word));
    }
    return all;
  }
};

TEST_F(NodeStoreTest, ATokenMakesOneNode) {
  const auto token = [&](std::string hash) {
    return stores::NewEnrolmentToken{.id = EnrolmentId::New(now()),
                                     .caller = {.tenant = PlatformTenant(), .principal = "usr_ops"},
                                     .token_hash = std::move(hash),
                                     .region = "us-buffalo-1",
                                     .now = now(),
                                     .expires_at = now() + std::chrono::minutes(30)};
  };
  const auto node = NodeId::New(now());
  const auto redeem = [&](const std::string& hash, const std::string& key) {
    return db().TransactFor<stores::EnrolmentToken>(platform::SystemScope{}, [&](Transaction& tx) {
      return stores::RedeemEnrolmentToken(tx, hash, node, key, now());
    });
  };
  InSystem<stores::EnrolmentToken>([&](Transaction& tx) { return stores::CreateEnrolmentToken(tx, token("aa")); });
  InSystem<stores::EnrolmentToken>([&](Transaction& tx) { return stores::CreateEnrolmentToken(tx, token("bb")); });
  EXPECT_EQ(Must(redeem("aa", "key 1")).region, "us-buffalo-1");
  EXPECT_TRUE(redeem("aa", "key 1").ok()) << "its answer was lost";
  EXPECT_THAT(redeem("aa", "key 2"), FailsWith(ErrorCode::kEnrolmentTokenUsed));
  EXPECT_THAT(redeem("cc", "key 1"), FailsWith(ErrorCode::kEnrolmentTokenInvalid));
  clock_.Advance(std::chrono::minutes(30));
  EXPECT_THAT(redeem("aa", "key 1"), FailsWith(ErrorCode::kEnrolmentTokenInvalid));
  EXPECT_THAT(redeem("bb", "key 1"), FailsWith(ErrorCode::kEnrolmentTokenInvalid));
}

TEST_F(NodeStoreTest, EnrolsWithInventoryAndBecomesActiveWithTheFirstKnownHeartbeat) {
  const auto node = NewNode("gpu-1", 8);
  EXPECT_EQ(node.state, NodeState::kActive);
  EXPECT_EQ(node.gpus_total, 8);
  EXPECT_EQ(node.gpus_free, 8);
  EXPECT_EQ(node.gpu_model, "NVIDIA H200");
  EXPECT_THAT(LogTypes(PlatformTenant()), ElementsAre("node.enrolled", "node.active"));
}

TEST_F(NodeStoreTest, AnUnknownDigestAsksForTheInventory) {
  const auto node = NewNode("gpu-1", 2);
  EXPECT_TRUE(Beat(node.id, "digest-2").inventory_wanted);
  stores::Heartbeat full{.node = node.id, .boot_id = "boot-2", .inventory_digest = "digest-2", .now = now()};
  full.inventory = stores::NodeInventory{};
  full.inventory->gpus.push_back({.uuid = "GPU-gpu-1-0", .model = "NVIDIA H200"});
  const auto result =
      InSystem<stores::HeartbeatResult>([&](Transaction& tx) { return stores::RecordHeartbeat(tx, full); });
  EXPECT_FALSE(result.inventory_wanted);
  EXPECT_TRUE(result.rebooted);
  const auto after = InSystem<stores::Node>([&](Transaction& tx) { return stores::GetNode(tx, node.id); });
  EXPECT_EQ(after.gpus_total, 1);
  ASSERT_EQ(after.gpus.size(), 2U);
  EXPECT_FALSE(after.gpus[1].present);
}

TEST_F(NodeStoreTest, SilenceMakesANodeLateThenLostAndAHeartbeatBringsItBack) {
  const auto node = NewNode("gpu-1", 1);
  ApiPulse();
  Sweep();
  EXPECT_THAT(Live(std::chrono::seconds(15)), IsEmpty());
  EXPECT_THAT(Live(std::chrono::seconds(10)), ElementsAre("ok>late"));
  EXPECT_THAT(Live(std::chrono::seconds(900)), ElementsAre("late>lost"));
  Beat(node.id);
  EXPECT_THAT(Live(std::chrono::seconds(5)), ElementsAre("lost>ok"));
  EXPECT_THAT(LogTypes(PlatformTenant()),
              ElementsAre("node.enrolled", "node.active", "node.late", "node.lost", "node.back"));
}

TEST_F(NodeStoreTest, TimeInWhichTheControlPlaneWasDownDoesNotCount) {
  NewNode("gpu-1", 1);
  EXPECT_THAT(Live(std::chrono::seconds(60), false), IsEmpty()) << "nobody could hear";
  EXPECT_THAT(Live(std::chrono::seconds(15)), IsEmpty()) << "it has listened for 15 s only";
  EXPECT_THAT(Live(std::chrono::seconds(10)), ElementsAre("ok>late"));
  clock_.Advance(std::chrono::hours(1));
  ApiPulse();
  EXPECT_THAT(Sweep(), IsEmpty()) << "an hour of our own absence neither loses nor heals it";
}

TEST_F(NodeStoreTest, ARegionThatFallsSilentAsAWholeIsNotGivenUp) {
  const auto first = NewNode("gpu-1", 1);
  const auto second = NewNode("gpu-2", 1);
  const auto items = [&] {
    std::vector<std::string> kinds;
    for (const auto& item : InSystem<std::vector<stores::OpsItem>>(
             [](Transaction& tx) { return stores::ListOpsItems(tx, /*with_closed=*/false, 10); })) {
      kinds.push_back(item.kind + " " + item.resource_id);
    }
    return kinds;
  };
  // Seconds of a life in which both are silent, or one of them beats.
  const auto live = [&](int seconds, const stores::Node* beating) {
    std::vector<std::string> all;
    for (int passed = 0; passed < seconds; passed += 5) {
      if (beating != nullptr) Beat(beating->id);
      for (auto& word : Live(std::chrono::seconds(5))) all.push_back(std::move(word));
    }
    return all;
  };
  EXPECT_THAT(live(60, &first), ElementsAre("ok>late")) << "the second alone";
  EXPECT_THAT(items(), IsEmpty());
  EXPECT_THAT(live(3600, nullptr), ElementsAre("ok>late")) << "the first too, and both stay so";
  EXPECT_THAT(items(), ElementsAre("region_silent us-buffalo-1"));

  EXPECT_THAT(live(600, &first), ElementsAre("late>ok")) << "the second has its time again";
  EXPECT_THAT(items(), IsEmpty());
  EXPECT_THAT(live(600, &first), ElementsAre("late>lost"));
  EXPECT_THAT(live(1200, nullptr), ElementsAre("ok>late", "late>lost")) << "alone, with nobody to vouch for the way";
}

TEST_F(NodeStoreTest, OrdersToOneNodeHaveOneOrder) {
  const auto node = NewNode("gpu-1", 1);
  const stores::Caller operator_of_it{.tenant = acme_.tenant, .principal = "usr_ops", .correlation_id = "corr_1"};
  const auto order = [&](Transaction& tx, const char* word, NodeState to) {
    return stores::AcceptNodeOrder(tx, node.id, word, to, OperationId(std::string("op_") + word), "fan", operator_of_it,
                                   now())
        .status();
  };
  std::thread second;
  ASSERT_TRUE(System([&](Transaction& tx) -> absl::Status {
                GPUAAS_RETURN_IF_ERROR(order(tx, "cordon", NodeState::kCordoned));
                second = std::thread([&] {
                  EXPECT_TRUE(System([&](Transaction& tx2) { return order(tx2, "drain", NodeState::kDraining); }).ok());
                });
                EXPECT_TRUE(SomebodyWaits());
                return absl::OkStatus();
              }).ok());
  second.join();
  EXPECT_THAT(System([&](Transaction& tx) { return order(tx, "reclaim", NodeState::kReclaimed); }),
              IsError(ErrorCode::kInvalidState))
      << "it is active";
  const auto log = InSystem<std::vector<stores::LogEntry>>(
      [](Transaction& tx) { return stores::ReadLog(tx, {.tenant = PlatformTenant(), .after = 2, .limit = 10}); });
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].type, "node.cordon_requested");
  EXPECT_EQ(log[0].principal, "usr_ops");
  EXPECT_EQ(log[0].operation.str(), "op_cordon");
  EXPECT_THAT(log[0].data_json, testing::HasSubstr("fan"));
  EXPECT_EQ(log[1].type, "node.drain_requested");
}

TEST_F(NodeStoreTest, LifecycleFollowsItsTableAndFreesTheName) {
  const auto node = NewNode("gpu-1", 1);
  const auto set = [&](NodeState to) {
    return db().TransactFor<stores::Node>(platform::SystemScope{}, [&](Transaction& tx) {
      return stores::SetNodeState(tx, node.id, to, OperationId(), "maintenance", acme_, now());
    });
  };
  EXPECT_THAT(set(NodeState::kReclaimed), FailsWith(ErrorCode::kInvalidState));
  EXPECT_EQ(Must(set(NodeState::kCordoned)).reason, "maintenance");
  EXPECT_TRUE(set(NodeState::kCordoned).ok());
  EXPECT_TRUE(set(NodeState::kReclaimed).ok());
  const auto list = [](Transaction& tx) { return stores::ListNodes(tx, {}); };
  EXPECT_THAT(InSystem<stores::NodePage>(list).items, IsEmpty());
  NewNode("gpu-1", 1);
  EXPECT_EQ(InSystem<stores::NodePage>(list).items.size(), 1U);
  const auto invisible = Must(db().TransactFor<stores::NodePage>(platform::TenantScope{acme_.tenant}, list));
  EXPECT_THAT(invisible.items, IsEmpty()) << "nodes are the platform's";
}

}  // namespace
}  // namespace gpuaas::tests
