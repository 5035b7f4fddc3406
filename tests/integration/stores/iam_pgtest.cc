#include <future>
#include <thread>

#include "platform/crypto/password.h"
#include "stores/catalog/skus.h"
#include "stores/iam/seed.h"
#include "stores/iam/ssh_keys.h"
#include "stores/iam/users.h"
#include "tests/integration/stores/fixture.h"

namespace gpuaas::tests {
namespace {

using platform::Transaction;
using testing::ElementsAre;
using testing::IsEmpty;

class IamStoreTest : public StoresTest {
 protected:
  stores::User UserOf(const char* username) {
    return InSystem<stores::User>([&](Transaction& tx) { return stores::FindUserByName(tx, username); });
  }
  absl::StatusOr<stores::SshKey> CreateKey(const std::string& name, const std::string& fingerprint) {
    return db().TransactFor<stores::SshKey>(platform::TenantScope{acme_.tenant}, [&](Transaction& tx) {
      return stores::CreateSshKey(tx,
                                  {.id = SshKeyId::New(now()),
                                   .tenant = acme_.tenant,
                                   .user = UserId(acme_.principal),
                                   .name = name,
                                   .public_key = "ssh-ed25519 AAAA",
                                   .fingerprint = fingerprint,
                                   .created_at = now()},
                                  acme_);
    });
  }
};

TEST_F(IamStoreTest, SeedMakesTheDevTenantsAndMayRunAgainAndTwiceAtOnce) {
  const auto before = UserOf("dev-user");
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&] { EXPECT_TRUE(stores::SeedDev(db(), now()).ok()); });
  for (auto& thread : threads) thread.join();
  const auto dev = UserOf("dev-user");
  EXPECT_EQ(dev.id, before.id);
  EXPECT_EQ(dev.tenant_name, "acme");
  ASSERT_EQ(dev.project_roles.size(), 1U);
  EXPECT_EQ(dev.project_roles[0].project.name, "ml-research");
  EXPECT_EQ(dev.project_roles[0].role, domain::Role::kProjectAdmin);
  EXPECT_TRUE(platform::VerifyPassword("dev123", dev.password_hash));
  EXPECT_EQ(UserOf("other-user").project_roles.at(0).project.name, "research");
  const auto ops = UserOf("ops-user");
  EXPECT_EQ(ops.tenant, PlatformTenant());
  EXPECT_THAT(ops.platform_roles, ElementsAre(domain::Role::kPlatformAdmin));
  EXPECT_THAT(ops.project_roles, IsEmpty());
}

TEST_F(IamStoreTest, CatalogIsReadableByTenantsAndWritableByThePlatformOnly) {
  const auto skus = Must(db().TransactFor<std::vector<domain::Sku>>(
      platform::TenantScope{acme_.tenant}, [](Transaction& tx) { return stores::ListSkus(tx, "us-buffalo-1"); }));
  ASSERT_EQ(skus.size(), 4U);
  EXPECT_THAT(skus[0].regions, ElementsAre("us-buffalo-1"));
  const auto elsewhere = [](Transaction& tx) { return stores::ListSkus(tx, "eu-north-1"); };
  EXPECT_THAT(InSystem<std::vector<domain::Sku>>(elsewhere), IsEmpty());
  const auto unknown = db().TransactFor<domain::Sku>(platform::TenantScope{acme_.tenant},
                                                     [](Transaction& tx) { return stores::GetSku(tx, "b200"); });
  EXPECT_THAT(unknown, FailsWith(ErrorCode::kUnknownSku));
  const absl::Status write = db().Transact(platform::TenantScope{acme_.tenant}, [&](Transaction& tx) {
    domain::Sku sku = skus[0];
    sku.name = "cheap";
    return stores::PutSku(tx, sku, now());
  });
  EXPECT_FALSE(write.ok());
}

TEST_F(IamStoreTest, SshKeysAreUniquePerUserAndInvisibleToOthers) {
  const auto key = Must(CreateKey("laptop", "SHA256:a"));
  EXPECT_THAT(CreateKey("laptop", "SHA256:b"), FailsWith(ErrorCode::kConflict));
  EXPECT_THAT(CreateKey("other", "SHA256:a"), FailsWith(ErrorCode::kConflict));
  const auto second = Must(CreateKey("desktop", "SHA256:c"));
  const auto both = InSystem<std::vector<stores::SshKey>>(
      [&](Transaction& tx) { return stores::GetSshKeys(tx, {key.id, second.id}); });
  EXPECT_EQ(both[0].id, key.id);
  const auto foreign = db().TransactFor<stores::SshKey>(platform::TenantScope{globex_.tenant}, [&](Transaction& tx) {
    return stores::GetSshKey(tx, UserId(acme_.principal), key.id);
  });
  EXPECT_THAT(foreign, FailsWith(ErrorCode::kUnknownSshKey));
  const auto remove = [&] {
    return db().Transact(platform::TenantScope{acme_.tenant}, [&](Transaction& tx) {
      return stores::DeleteSshKey(tx, UserId(acme_.principal), key.id, acme_, now());
    });
  };
  EXPECT_TRUE(remove().ok());
  EXPECT_THAT(remove(), IsError(ErrorCode::kUnknownSshKey));
  EXPECT_THAT(LogTypes(acme_.tenant), ElementsAre("ssh_key.created", "ssh_key.created", "ssh_key.deleted"));
}

TEST_F(IamStoreTest, AKeyThatAWaitingOrderNamesStaysUntilItIsProvisioned) {
  NewNode("gpu-1", 8);
  const auto key = Must(CreateKey("laptop", "SHA256:a"));
  stores::Allocation order = NewAllocation(1);
  EXPECT_TRUE(System([&](Transaction& tx) {
                return tx.Query("UPDATE allocations SET ssh_key_ids = $1", {std::vector<std::string>{key.id}}).status();
              }).ok());
  const auto remove = [&] {
    return db().Transact(platform::TenantScope{acme_.tenant}, [&](Transaction& tx) {
      return stores::DeleteSshKey(tx, UserId(acme_.principal), key.id, acme_, now());
    });
  };
  for (const auto state : {domain::AllocationState::kQueued, domain::AllocationState::kProvisioning}) {
    EXPECT_THAT(remove(), IsError(ErrorCode::kConflict));
    order = Move(order, state);
  }
  EXPECT_THAT(remove(), IsError(ErrorCode::kConflict));
  Move(order, domain::AllocationState::kActive);
  EXPECT_TRUE(remove().ok()) << "the sandbox keeps what it was given";
}

// The order's transaction has seen the key: whoever deletes it meanwhile waits, and then finds the order.
TEST_F(IamStoreTest, AKeyIsNotDeletedBetweenTheLookAtItAndTheOrder) {
  const auto key = Must(CreateKey("laptop", "SHA256:a"));
  std::future<absl::Status> removed;
  EXPECT_TRUE(db().Transact(platform::TenantScope{acme_.tenant},
                            [&](Transaction& tx) -> absl::Status {
                              Must(stores::HoldSshKey(tx, UserId(acme_.principal), key.id));
                              removed = std::async(std::launch::async, [&] {
                                return db().Transact(platform::TenantScope{acme_.tenant}, [&](Transaction& other) {
                                  return stores::DeleteSshKey(other, UserId(acme_.principal), key.id, acme_, now());
                                });
                              });
                              return stores::CreateAllocation(tx, {.id = AllocationId::New(now()),
                                                                   .operation = OperationId::New(now()),
                                                                   .caller = acme_,
                                                                   .sku = "h200-sxm-slice",
                                                                   .region = "us-buffalo-1",
                                                                   .gpus = 1,
                                                                   .ssh_key_ids = {key.id},
                                                                   .lease = std::chrono::hours(1),
                                                                   .now = now()})
                                  .status();
                            })
                  .ok());
  EXPECT_THAT(removed.get(), IsError(ErrorCode::kConflict));
}

}  // namespace
}  // namespace gpuaas::tests
