#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gpuaas::node::v1 {
class EnsureSandboxRequest;
class Inventory;
class ListSandboxesResponse;
class RemoveSandboxRequest;
class RemoveSandboxResponse;
class Sandbox;
class SetAuthorizedKeysRequest;
}  // namespace gpuaas::node::v1

namespace gpuaas::activities {

// Where an agent listens and who it must prove to be.
struct NodeAddress {
  std::string node_id;  // the name its certificate must carry
  std::string address;  // host:port, as the node advertised it
};

// Calls to node agents. Thread-safe; one kept channel per node.
//
// Errors of every call:
//   kNodeUnreachable   no answer, or its certificate is not that node's: try again,
//   kDeadlineExceeded  it took the call and did not answer in time; the outcome is unknown, repeating is safe,
//   kConflict          a GPU is held by another sandbox,
//   kInvalidState      the allocation was already removed on that node,
//   kVaultUnavailable and the Vault's other codes: no client certificate could be had,
//   kInternal          the agent failed; its message is passed on.
class AgentClient {
 public:
  virtual ~AgentClient() = default;

  virtual absl::StatusOr<node::v1::Sandbox> EnsureSandbox(const NodeAddress& node,
                                                          const node::v1::EnsureSandboxRequest& request) = 0;
  virtual absl::StatusOr<node::v1::RemoveSandboxResponse> RemoveSandbox(
      const NodeAddress& node, const node::v1::RemoveSandboxRequest& request) = 0;
  virtual absl::StatusOr<node::v1::ListSandboxesResponse> ListSandboxes(const NodeAddress& node) = 0;
  virtual absl::StatusOr<node::v1::Inventory> GetInventory(const NodeAddress& node) = 0;
  virtual absl::Status SetAuthorizedKeys(const NodeAddress& node,
                                         const node::v1::SetAuthorizedKeysRequest& request) = 0;
};

// A client certificate for the mTLS channels, and the authority that signs the agents'.
struct ClientIdentity {
  std::string certificate_pem;
  std::string private_key_pem;
  std::string ca_pem;
  std::chrono::system_clock::time_point expires_at;
};

struct AgentClientOptions {
  std::chrono::milliseconds call_timeout{25'000};  // of calls that change a node: within one attempt of a step
  std::chrono::milliseconds read_timeout{10'000};  // of calls that only look
  std::chrono::seconds renew_before{600};          // a new identity is asked for so long before the old one ends
  std::chrono::seconds renew_pause{5};             // and after a failure not again for so long
};

// `identity` is asked at the first call and again before the identity expires (from platform/vault in the worker), by
// one call at a time; the others go on with the old one while it is good.
std::unique_ptr<AgentClient> NewAgentClient(std::function<absl::StatusOr<ClientIdentity>()> identity,
                                            AgentClientOptions options = {});

}  // namespace gpuaas::activities
