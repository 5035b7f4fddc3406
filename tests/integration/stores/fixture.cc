#include "tests/integration/stores/fixture.h"

#include <thread>

#include "domain/status_macros.h"
#include "stores/iam/seed.h"
#include "stores/iam/users.h"
#include "stores/nodes/heartbeats.h"
#include "stores/ops/operations.h"
#include "stores/ops/tenant_log.h"

namespace gpuaas::tests {

using platform::Transaction;

StoresTest::StoresTest() {
  EXPECT_TRUE(stores::SeedDev(db(), now()).ok());
  const auto caller = [this](const char* username) {
    const auto user = InSystem<stores::User>([&](Transaction& tx) { return stores::FindUserByName(tx, username); });
    return stores::Caller{.tenant = user.tenant,
                          .project = user.project_roles.at(0).project.id,
                          .principal = user.id,
                          .correlation_id = "corr_test"};
  };
  acme_ = caller("dev-user");
  globex_ = caller("other-user");
}

stores::Allocation StoresTest::NewAllocation(int gpus, const stores::Caller& caller, const std::string& sku) {
  const auto id = AllocationId::New(now());
  const auto operation = OperationId::New(now());
  return InSystem<stores::Allocation>([&](Transaction& tx) -> absl::StatusOr<stores::Allocation> {
    GPUAAS_RETURN_IF_ERROR(stores::CreateOperation(tx, {.id = operation,
                                                        .caller = caller,
                                                        .resource_kind = "allocation",
                                                        .resource_id = id,
                                                        .kind = "create",
                                                        .now = now()})
                               .status());
    return stores::CreateAllocation(tx, {.id = id,
                                         .operation = operation,
                                         .caller = caller,
                                         .sku = sku,
                                         .region = "us-buffalo-1",
                                         .gpus = gpus,
                                         .ssh_key_ids = {"key_1"},
                                         .lease = std::chrono::hours(1),
                                         .now = now()});
  });
}

stores::Node StoresTest::NewNode(const std::string& name, int gpus) {
  stores::NewNode node{.id = NodeId::New(now()),
                       .caller = {.tenant = PlatformTenant(), .principal = "test"},
                       .name = name,
                       .region = "us-buffalo-1",
                       .advertise_address = "127.0.0.1:7443",
                       .certificate_serial = "01",
                       .now = now()};
  node.inventory.digest = "digest-1";
  for (int i = 0; i < gpus; ++i) {
    node.inventory.gpus.push_back({.uuid = "GPU-" + name + "-" + std::to_string(i),
                                   .index = i,
                                   .model = "NVIDIA H200",
                                   .memory_bytes = 141LL << 30,
                                   .device_path = "/dev/nvidia" + std::to_string(i)});
  }
  return InSystem<stores::Node>([&](Transaction& tx) -> absl::StatusOr<stores::Node> {
    GPUAAS_RETURN_IF_ERROR(stores::RegisterNode(tx, node).status());
    GPUAAS_RETURN_IF_ERROR(
        stores::RecordHeartbeat(
            tx, {.node = node.id, .boot_id = "boot-1", .inventory_digest = node.inventory.digest, .now = now()})
            .status());
    return stores::GetNode(tx, node.id);
  });
}

stores::Allocation StoresTest::Move(const stores::Allocation& allocation, domain::AllocationState to) {
  return InSystem<stores::Allocation>([&](Transaction& tx) {
    return stores::TransitionAllocation(
        tx, {.id = allocation.id, .operation = allocation.driving_operation, .to = to, .now = now()});
  });
}

bool StoresTest::SomebodyWaits() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < until) {
    const auto waiting = InSystem<std::int64_t>([](Transaction& tx) -> absl::StatusOr<std::int64_t> {
      GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                              tx.QueryOne("SELECT count(*) AS n FROM pg_stat_activity WHERE datname = "
                                          "current_database() AND wait_event_type = 'Lock'",
                                          {}, ""));
      return row.Int("n");
    });
    if (waiting > 0) return true;
    std::this_thread::yield();
  }
  return false;
}

std::vector<std::string> StoresTest::LogTypes(const TenantId& tenant) {
  const auto entries = InSystem<std::vector<stores::LogEntry>>(
      [&](Transaction& tx) { return stores::ReadLog(tx, {.tenant = tenant, .with_audit = true, .limit = 1000}); });
  std::vector<std::string> types;
  for (const stores::LogEntry& entry : entries) types.push_back(entry.type);
  return types;
}

}  // namespace gpuaas::tests
