#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/status.h"

namespace gpuaas::domain {

// Something that can be ordered: GPUs of one model on one node, with a share of its CPUs and memory.
struct Sku {
  std::string name;  // "h200-sxm-slice"
  std::string description;
  std::string gpu_model;  // as inventories spell it: "NVIDIA H200"
  int gpu_memory_gib = 0;
  int gpus_min = 1;
  int gpus_max = 1;
  int gpus_step = 1;     // counts are gpus_min, gpus_min + step, ... gpus_max
  int cpus_per_gpu = 0;  // 0: not limited
  int memory_gib_per_gpu = 0;
  std::vector<std::string> regions;  // where it is offered, sorted

  bool OfferedIn(std::string_view region) const;
};

// Whether so many GPUs of the SKU can be ordered in the region. kUnknownRegion, or kInvalidArgument with details
// {"fields":[{"field":"gpus","problem":...}]}, the shape of every field fault.
absl::Status CheckOrder(const Sku& sku, int gpus, std::string_view region);

// "1 to 8", "8", "8 to 32 in steps of 8".
std::string AllowedCounts(const Sku& sku);

}  // namespace gpuaas::domain
