#include <openssl/sha.h>
#include <yaml-cpp/yaml.h>

#include <cstdio>

#include "domain/status.h"
#include "node/inventory/inventory.h"

namespace gpuaas::node {
namespace {

constexpr int kMaxGpus = 64;

std::string DeriveUuid(std::string_view seed, int index) {
  const std::string text = std::string(seed) + "/gpu/" + std::to_string(index);
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  hash[6] = static_cast<unsigned char>((hash[6] & 0x0f) | 0x50);  // version 5: named
  hash[8] = static_cast<unsigned char>((hash[8] & 0x3f) | 0x80);
  std::string uuid = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", hash[i]);
    uuid += hex;
  }
  return uuid;
}

class DeclaredGpus final : public GpuSource {
 public:
  explicit DeclaredGpus(std::vector<GpuInfo> gpus) : gpus_(std::move(gpus)) {}
  std::string_view name() const override { return "declared"; }
  std::string driver_version() const override { return "simulated"; }
  absl::StatusOr<std::vector<GpuInfo>> List() override { return gpus_; }

 private:
  const std::vector<GpuInfo> gpus_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GpuSource>> ParseDeclared(const std::string& yaml, std::string_view seed) {
  int count = 0;
  std::string model;
  double memory_gib = 0;
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap() || !root["gpus"].IsMap()) {
      return MakeError(ErrorCode::kInvalidArgument, "the inventory has no `gpus: {count, model, memory_gib}`");
    }
    const YAML::Node gpus = root["gpus"];
    for (const char* field : {"count", "model", "memory_gib"}) {
      if (!gpus[field]) return MakeError(ErrorCode::kInvalidArgument, std::string("gpus.") + field + " is missing");
    }
    count = gpus["count"].as<int>();
    model = gpus["model"].as<std::string>();
    memory_gib = gpus["memory_gib"].as<double>();
  } catch (const YAML::Exception& error) {
    return MakeError(ErrorCode::kInvalidArgument, std::string("the inventory is malformed: ") + error.what());
  }
  if (count < 1 || count > kMaxGpus) return MakeError(ErrorCode::kInvalidArgument, "gpus.count must be 1 to 64");
  if (model.empty()) return MakeError(ErrorCode::kInvalidArgument, "gpus.model is empty");
  if (!(memory_gib > 0 && memory_gib < 65'536)) {
    return MakeError(ErrorCode::kInvalidArgument, "gpus.memory_gib must be above 0 and below 65536");
  }
  std::vector<GpuInfo> list;
  for (int i = 0; i < count; ++i) {
    list.push_back({i, DeriveUuid(seed, i), model, static_cast<std::uint64_t>(memory_gib * (1 << 30)),
                    "/dev/nvidia" + std::to_string(i)});
  }
  return std::make_unique<DeclaredGpus>(std::move(list));
}

}  // namespace gpuaas::node
