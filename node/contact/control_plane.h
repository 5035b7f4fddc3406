#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node/contact/state_dir.h"
#include "node/inventory/inventory.h"

namespace gpuaas::platform {
class HttpClient;
}

namespace gpuaas::node {

// A new identity for this node, by the one-time token that the control plane gave out for it: makes a key that never
// leaves the node, has its certificate signed and writes everything into the state folder. `ca_file`: whom to trust for
// the control plane's own certificate; empty: the usual trust store. A repeat after a lost answer succeeds.
// kEnrolmentTokenInvalid, kEnrolmentTokenUsed, kUnavailable, kInvalidArgument.
absl::StatusOr<NodeIdentity> Enrol(const StateDir& state, const std::string& token, const NodeIdentity& wanted,
                                   const std::string& ca_file, const NodeInventory& inventory);

struct HeartbeatSandbox {
  std::string allocation_id;
  std::vector<std::string> gpu_uuids;
  bool running = false;
};

struct Heartbeat {
  std::string boot_id;
  const NodeInventory* inventory = nullptr;  // sent whole when `with_inventory`, by its digest otherwise
  bool with_inventory = false;
  std::vector<HeartbeatSandbox> sandboxes;
  std::uint64_t evidence_head = 0;
};

struct HeartbeatAnswer {
  std::chrono::seconds interval{5};
  std::chrono::seconds fence_after{600};
  bool send_inventory = false;  // it knows another one than the digest says
};

// The control plane's port for agents, spoken to with the node's client certificate, or, to get a new one, a signature
// by its key. Not thread-safe.
class ControlPlane {
 public:
  explicit ControlPlane(const StateDir& state, const NodeIdentity& identity);
  ~ControlPlane();

  // kUnavailable: no answer; otherwise what the control plane said (kPermissionDenied: it does not know this node).
  absl::StatusOr<HeartbeatAnswer> Send(const Heartbeat& heartbeat);

  // Gets a new key and certificate if less than a third of the present one's life is left at `now`, also when it has
  // ended: the present key is what counts. True: it did.
  absl::StatusOr<bool> RenewIfDue(std::chrono::system_clock::time_point now);

 private:
  void Connect();

  const StateDir& state_;
  const NodeIdentity identity_;
  std::unique_ptr<platform::HttpClient> http_;
};

}  // namespace gpuaas::node
