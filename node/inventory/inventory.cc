#include "node/inventory/inventory.h"

#include <openssl/sha.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "domain/status_macros.h"
#include "nlohmann/json.hpp"
#include "node/version.h"

namespace gpuaas::node {

NodeInventory MachineInventory() {
  NodeInventory inventory;
  inventory.cpus = static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  inventory.memory_bytes =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  inventory.agent_version = kAgentVersion;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> inventory.boot_id;
  return inventory;
}

absl::StatusOr<NodeInventory> TakeInventory(GpuSource& gpus) {
  NodeInventory inventory = MachineInventory();
  GPUAAS_ASSIGN_OR_RETURN(inventory.gpus, gpus.List());
  inventory.source = gpus.name();
  inventory.driver_version = gpus.driver_version();
  return inventory;
}

std::string ToJson(const NodeInventory& inventory) {
  nlohmann::json gpus = nlohmann::json::array();
  for (const auto& gpu : inventory.gpus) {
    gpus.push_back({{"index", gpu.index},
                    {"uuid", gpu.uuid},
                    {"model", gpu.model},
                    {"memory_bytes", gpu.memory_bytes},
                    {"device_path", gpu.device_path}});
  }
  return nlohmann::json{{"source", inventory.source},
                        {"driver_version", inventory.driver_version},
                        {"gpus", gpus},
                        {"cpus", inventory.cpus},
                        {"memory_bytes", inventory.memory_bytes},
                        {"agent_version", inventory.agent_version},
                        {"boot_id", inventory.boot_id}}
      .dump();
}

std::string DigestOf(const NodeInventory& inventory) {
  const std::string text = ToJson(inventory);
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  std::string hex;
  for (unsigned char byte : hash) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", byte);
    hex += pair;
  }
  return hex;
}

}  // namespace gpuaas::node
