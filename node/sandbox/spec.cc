#include "node/sandbox/spec.h"

#include "domain/status.h"
#include "nlohmann/json.hpp"

namespace gpuaas::node {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GpuInfo, index, uuid, model, memory_bytes, device_path)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SandboxSpec, allocation_id, folder, user, uid, hostname, gpus, simulated, netns,
                                   veth, address, listen_host, first_port, last_port, cgroup, cpus, memory_bytes,
                                   hidden)

std::string SandboxSpec::visible_devices() const {
  std::string text;
  for (const auto& gpu : gpus) text += (text.empty() ? "" : ",") + gpu.uuid;
  return text.empty() ? "void" : text;
}

std::string ToJson(const SandboxSpec& spec) { return nlohmann::json(spec).dump(); }

absl::StatusOr<SandboxSpec> ParseSpec(std::string_view json) {
  try {
    return nlohmann::json::parse(json).get<SandboxSpec>();
  } catch (const nlohmann::json::exception& error) {
    return MakeError(ErrorCode::kInternal, std::string("not a sandbox specification: ") + error.what());
  }
}

std::vector<std::string> SessionEnvironment(const SandboxSpec& spec) {
  return {"NVIDIA_VISIBLE_DEVICES=" + spec.visible_devices(), "GPUAAS_ALLOCATION_ID=" + spec.allocation_id,
          "PATH=/run/gpuaas/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"};
}

}  // namespace gpuaas::node
