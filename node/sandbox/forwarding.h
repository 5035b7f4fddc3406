#pragma once

#include <string>

#include "absl/status/status.h"

namespace gpuaas::node {

struct ForwardingPlaces {
  std::string sysctl = "/proc/sys/net/ipv4";
  std::string links = "/sys/class/net";
  std::string notes = "/run/gpuaas-node";  // lives as long as the switches: until the next boot
};

// Has packets of an agent's bridge and their answers routed, by the switches of the bridge and of `uplink` alone: the
// node does not become a router between its other interfaces. That `uplink` was off before is noted for all the agents
// of this node. kInternal.
absl::Status EnableForwarding(const std::string& bridge, const std::string& uplink, const ForwardingPlaces& places);

// Switches off again what agents switched on, when none of them has a bridge any more. A node that was made a router
// since then keeps being one. kInternal.
absl::Status RestoreForwarding(const ForwardingPlaces& places);

}  // namespace gpuaas::node
