#include <filesystem>
#include <iostream>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/agent/options.h"
#include "node/agent/parts.h"
#include "node/contact/state_dir.h"
#include "node/journal/record_log.h"
#include "node/journal/state.h"
#include "node/sandbox/host.h"

namespace gpuaas::node {
namespace {

absl::Status Purge(const std::string& path) {
  if (!std::filesystem::exists(path + "/instance.json")) return absl::OkStatus();
  GPUAAS_ASSIGN_OR_RETURN(const StateDir state, StateDir::Open(path));
  GPUAAS_ASSIGN_OR_RETURN(const Fd lock, state.Lock());
  NodeState made;
  GPUAAS_RETURN_IF_ERROR(
      RecordLog::Open(state.path() + "/journal.log", [&](std::string_view record) { made.Apply(record); }).status());
  LinuxHost host({state.instance(), state.subnet()}, OwnProgram(), state.path());
  for (const auto& [id, entry] : made.entries()) {
    if (entry.phase != SandboxEntry::Phase::kRemoved) GPUAAS_RETURN_IF_ERROR(host.Remove(entry.spec));
  }
  GPUAAS_RETURN_IF_ERROR(host.Dismantle());
  std::error_code error;
  std::filesystem::remove_all(state.path(), error);
  return error ? MakeError(ErrorCode::kInternal, state.path() + ": " + error.message()) : absl::OkStatus();
}

}  // namespace

int PurgeNode(const std::string& state_dir) {
  const absl::Status status = Purge(state_dir);
  if (!status.ok()) std::cerr << "purge failed: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace gpuaas::node
