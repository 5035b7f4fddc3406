#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {

// What one agent's sandboxes are attached to: a bridge of its own, whose ports are isolated from one another, and a
// firewall table of its own. From a sandbox, the node's addresses, its neighbours and private networks are refused;
// public addresses are reached through the node if `egress` is on. All names come from the agent's instance.
struct NetworkOptions {
  std::string instance;  // 8 hexadecimal digits
  std::string subnet;    // the first three numbers of a /24, "100.64.3"
  bool egress = false;

  std::string bridge() const { return "gb" + instance; }
  std::string table() const { return "gpuaas_" + instance; }
  std::string gateway() const { return subnet + ".1"; }
};

// Each is success when it is so already. kInternal: the tools or the kernel refuse.
absl::Status EnsureBridge(const NetworkOptions& options);
absl::Status RemoveBridge(const NetworkOptions& options);
absl::Status EnsureSandboxNetwork(const NetworkOptions& options, const SandboxSpec& spec);
absl::Status RemoveSandboxNetwork(const SandboxSpec& spec);

// Whether a link of that name is the bridge of some agent.
bool IsBridgeName(std::string_view link);

// A subnet of the shared address space 100.64.0.0/10 that no route of this node uses yet; `seed` picks where to begin.
absl::StatusOr<std::string> ChooseSubnet(std::uint32_t seed);

}  // namespace gpuaas::node
