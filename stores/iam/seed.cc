#include "stores/iam/seed.h"

#include <string>

#include "domain/status_macros.h"
#include "platform/crypto/password.h"
#include "stores/catalog/skus.h"
#include "stores/iam/users.h"

namespace gpuaas::stores {
namespace {

constexpr char kRegion[] = "us-buffalo-1";
constexpr char kPassword[] = "dev123";  // of the dev stack only, which listens on loopback

std::vector<domain::Sku> DevSkus() {
  const auto sku = [](const char* name, const char* description, const char* model, int memory, int min, int max) {
    return domain::Sku{.name = name,
                       .description = description,
                       .gpu_model = model,
                       .gpu_memory_gib = memory,
                       .gpus_min = min,
                       .gpus_max = max,
                       .gpus_step = min,
                       .cpus_per_gpu = 24,
                       .memory_gib_per_gpu = 240,
                       .regions = {kRegion}};
  };
  return {
      sku("h200-sxm-slice", "1 to 8 H200 GPUs of an SXM node, shared with others", "NVIDIA H200", 141, 1, 8),
      sku("h200-sxm-8x", "A whole node with 8 H200 GPUs and NVLink", "NVIDIA H200", 141, 8, 8),
      sku("h100-sxm-slice", "1 to 8 H100 GPUs of an SXM node, shared with others", "NVIDIA H100 80GB HBM3", 80, 1, 8),
      sku("h100-sxm-8x", "A whole node with 8 H100 GPUs and NVLink", "NVIDIA H100 80GB HBM3", 80, 8, 8),
  };
}

struct DevUser {
  const char* username;
  const char* display_name;
  const char* tenant;
  const char* project;  // nullptr: none
  domain::Role role;
};

constexpr DevUser kUsers[] = {
    {"dev-user", "Dev User", "acme", "ml-research", domain::Role::kProjectAdmin},
    {"other-user", "Other User", "globex", "research", domain::Role::kProjectAdmin},
    {"ops-user", "Ops User", "platform", nullptr, domain::Role::kPlatformAdmin},
};

absl::Status SeedUser(platform::Transaction& tx, const DevUser& user, const std::string& hash, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const Tenant tenant, EnsureTenant(tx, user.tenant, now));
  ProjectId project;
  if (user.project != nullptr) {
    GPUAAS_ASSIGN_OR_RETURN(const Project made, EnsureProject(tx, tenant.id, user.project, now));
    project = made.id;
  }
  GPUAAS_ASSIGN_OR_RETURN(
      const UserId id,
      EnsureUser(
          tx,
          {.tenant = tenant.id, .username = user.username, .display_name = user.display_name, .password_hash = hash},
          now));
  return GrantRole(tx, tenant.id, id, project, user.role, now);
}

}  // namespace

absl::Status SeedDev(platform::Database& database, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string hash, platform::HashPassword(kPassword));
  return database.Transact(platform::SystemScope{}, [&](platform::Transaction& tx) -> absl::Status {
    for (const DevUser& user : kUsers) GPUAAS_RETURN_IF_ERROR(SeedUser(tx, user, hash, now));
    for (const domain::Sku& sku : DevSkus()) GPUAAS_RETURN_IF_ERROR(PutSku(tx, sku, now));
    return absl::OkStatus();
  });
}

}  // namespace gpuaas::stores
