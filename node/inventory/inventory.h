#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
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

// The driver's library, loaded at run time. kUnavailable: not installed, or it finds no driver. A GPU that does not
// answer for itself is left out, and said in the log.
absl::StatusOr<std::unique_ptr<GpuSource>> OpenNvml(const std::string& library = "libnvidia-ml.so.1");

// A source that never lets anybody wait: a thread of its own opens one and asks it again `every` so long, and opens it
// anew after a failure. List() tells the last good answer, also while the driver hangs; kUnavailable, with the reason,
// as long as there is none. The first answer is waited for, but not longer than `first_within`.
using OpenGpuSource = std::function<absl::StatusOr<std::unique_ptr<GpuSource>>()>;
std::unique_ptr<GpuSource> WatchGpus(std::string_view name, OpenGpuSource open,
                                     std::chrono::milliseconds every = std::chrono::seconds(30),
                                     std::chrono::milliseconds first_within = std::chrono::seconds(10));

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

// What the machine itself has.
NodeInventory MachineInventory();
// That, and the GPUs of the source.
absl::StatusOr<NodeInventory> TakeInventory(GpuSource& gpus);

// JSON with the field names of proto/gpuaas/node/v1 Inventory; integers are JSON numbers.
std::string ToJson(const NodeInventory& inventory);
// SHA-256 of that JSON, in hex.
std::string DigestOf(const NodeInventory& inventory);

}  // namespace gpuaas::node
