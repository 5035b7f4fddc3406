#include "api/catalog/handlers.h"

#include "domain/catalog/sku.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "stores/catalog/skus.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

Json SkuJson(const domain::Sku& sku) {
  return {{"name", sku.name},
          {"description", sku.description},
          {"gpu_model", sku.gpu_model},
          {"gpu_memory_gib", sku.gpu_memory_gib},
          {"min_gpus", sku.gpus_min},
          {"max_gpus", sku.gpus_max},
          {"gpu_step", sku.gpus_step},
          {"cpus_per_gpu", sku.cpus_per_gpu},
          {"memory_gib_per_gpu", sku.memory_gib_per_gpu},
          {"regions", sku.regions}};
}

absl::StatusOr<platform::Response> ListSkus(Services& services, const Call& call) {
  using Skus = std::vector<domain::Sku>;
  GPUAAS_ASSIGN_OR_RETURN(Skus skus,
                          services.database.TransactFor<Skus>(call.access.RowScope(), [&](platform::Transaction& tx) {
                            return stores::ListSkus(tx, call.Query("region"));
                          }));
  Json items = Json::array();
  for (const domain::Sku& sku : skus) items.push_back(SkuJson(sku));
  return Page(std::move(items), "");
}

absl::StatusOr<platform::Response> GetSku(Services& services, const Call& call) {
  absl::StatusOr<domain::Sku> sku = services.database.TransactFor<domain::Sku>(
      call.access.RowScope(), [&](platform::Transaction& tx) { return stores::GetSku(tx, call.Path("sku")); });
  if (!sku.ok() && ErrorCodeOf(sku.status()) == ErrorCode::kUnknownSku) {
    return MakeError(ErrorCode::kNotFound, "no such SKU: " + call.Path("sku"));
  }
  if (!sku.ok()) return sku.status();
  return JsonResponse(200, SkuJson(*sku));
}

}  // namespace

void BindCatalog(Binder& binder, Services& services) {
  const auto permission = domain::Permission::kCatalogRead;
  binder.Bind("listSkus", permission, [&services](Call& call) { return ListSkus(services, call); });
  binder.Bind("getSku", permission, [&services](Call& call) { return GetSku(services, call); });
}

}  // namespace gpuaas::api
