#include <cstdlib>
#include <iostream>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/agent/options.h"
#include "node/agent/parts.h"
#include "node/command/command.h"
#include "node/contact/control_plane.h"

namespace gpuaas::node {
namespace {

// The variable, or the first line of stdin.
std::string TakeToken() {
  std::string token;
  if (const char* variable = std::getenv("GPUAAS_ENROL_TOKEN"); variable != nullptr && *variable != '\0') {
    token = variable;
    ::unsetenv("GPUAAS_ENROL_TOKEN");
  } else {
    std::getline(std::cin, token);
  }
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  return token;
}

absl::StatusOr<NodeIdentity> EnrolWith(const EnrolOptions& options) {
  GPUAAS_ASSIGN_OR_RETURN(const StateDir state, StateDir::Open(options.state_dir));
  GPUAAS_ASSIGN_OR_RETURN(const Fd lock, state.Lock());
  GPUAAS_ASSIGN_OR_RETURN(const std::unique_ptr<GpuSource> gpus, OpenGpus(state, options.inventory));
  GPUAAS_ASSIGN_OR_RETURN(const NodeInventory inventory, TakeInventory(*gpus));
  const std::string token = TakeToken();
  if (token.empty()) return MakeError(ErrorCode::kEnrolmentTokenInvalid, "no token on stdin or in GPUAAS_ENROL_TOKEN");
  NodeIdentity wanted{"", options.url, options.listen, options.advertise.empty() ? options.listen : options.advertise};
  while (wanted.url.ends_with('/')) wanted.url.pop_back();
  GPUAAS_ASSIGN_OR_RETURN(const NodeIdentity identity, Enrol(state, token, wanted, options.ca_file, inventory));
  if (!options.inventory.empty()) {
    GPUAAS_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(options.inventory));
    GPUAAS_RETURN_IF_ERROR(WriteFile(state.inventory_file(), yaml, 0600));
  }
  return identity;
}

}  // namespace

int EnrolNode(const EnrolOptions& options) {
  const auto identity = EnrolWith(options);
  if (!identity.ok()) {
    std::cerr << "enrolment failed: " << identity.status().message() << "\n";
    return InfoOf(ErrorCodeOf(identity.status())).retryable ? 10 : 1;
  }
  std::cout << identity->node_id << "\n";
  return 0;
}

}  // namespace gpuaas::node
