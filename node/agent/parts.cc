#include "node/agent/parts.h"

#include <filesystem>

#include "domain/status_macros.h"
#include "node/command/command.h"

namespace gpuaas::node {

absl::StatusOr<std::unique_ptr<GpuSource>> OpenGpus(const StateDir& state, const std::string& file) {
  const bool kept = std::filesystem::exists(state.inventory_file());
  if (file.empty() && !kept) return WatchGpus("nvml", [] { return OpenNvml(); });
  GPUAAS_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(file.empty() ? state.inventory_file() : file));
  return ParseDeclared(yaml, state.instance());
}

std::string OwnProgram() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

}  // namespace gpuaas::node
