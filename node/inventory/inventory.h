#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace gpuaas::node {

struct GpuInfo {
  int index = 0;
  std::string uuid;   // "GPU-xxxxxxxx-..."
  std::string model;  // "NVIDIA H200"
  std::uint64_t memory_bytes = 0;
  std::string device_path;  // "/dev/nvidia0"; exists on the node only if the source is NVML
};

// Where the node's GPUs are learned from.
class GpuSource {
 public:
  virtual ~GpuSource() = default;
  virtual std::string_view name() const = 0;  // "nvml" | "declared"
  virtual std::string driver_version() const = 0;
  // In index order. kUnavailable: the driver does not answer. Thread-safe.
  virtual absl::StatusOr<std::vector<GpuInfo>> List() = 0;
};

// The driver's library, loaded at run time. kUnavailable: not installed, or it finds no driver.
absl::StatusOr<std::unique_ptr<GpuSource>> OpenNvml(const std::string& library = "libnvidia-ml.so.1");

// YAML `gpus: {count: 8, model: "NVIDIA H200", memory_gib: 141}`. UUIDs are derived from `seed` and the index, so they
// stay the same as long as the seed does. kInvalidArgument names what is wrong: count must be 1 to 64.
absl::StatusOr<std::unique_ptr<GpuSource>> ParseDeclared(const std::string& yaml, std::string_view seed);

struct NodeInventory {
  std::string source;
  std::string driver_version;
  std::vector<GpuInfo> gpus;
  std::uint32_t cpus = 0;
  std::uint64_t memory_bytes = 0;
  std::string agent_version;
  std::string boot_id;
};

// The GPUs of the source, and what the machine itself has.
absl::StatusOr<NodeInventory> TakeInventory(GpuSource& gpus);

// JSON with the field names of proto/gpuaas/node/v1 Inventory; integers are JSON numbers.
std::string ToJson(const NodeInventory& inventory);
// SHA-256 of that JSON, in hex.
std::string DigestOf(const NodeInventory& inventory);

}  // namespace gpuaas::node
