#include "domain/catalog/sku.h"

#include <algorithm>

namespace gpuaas::domain {

bool Sku::OfferedIn(std::string_view region) const { return std::ranges::binary_search(regions, region); }

std::string AllowedCounts(const Sku& sku) {
  std::string text = std::to_string(sku.gpus_min);
  if (sku.gpus_max == sku.gpus_min) return text;
  text += " to " + std::to_string(sku.gpus_max);
  if (sku.gpus_step != 1) text += " in steps of " + std::to_string(sku.gpus_step);
  return text;
}

absl::Status CheckOrder(const Sku& sku, int gpus, std::string_view region) {
  const bool allowed =
      gpus >= sku.gpus_min && gpus <= sku.gpus_max && (gpus - sku.gpus_min) % std::max(1, sku.gpus_step) == 0;
  if (!allowed) {
    const std::string problem = sku.name + " is ordered with " + AllowedCounts(sku) + " GPUs";
    return MakeError(ErrorCode::kInvalidArgument, problem,
                     R"({"fields":[{"field":"gpus","problem":")" + problem + R"("}]})");
  }
  if (!sku.OfferedIn(region)) {
    std::string offered;
    for (const std::string& each : sku.regions) offered += (offered.empty() ? "" : ", ") + each;
    return MakeError(ErrorCode::kUnknownRegion, sku.name + " is not offered there; it is offered in: " + offered);
  }
  return absl::OkStatus();
}

}  // namespace gpuaas::domain
