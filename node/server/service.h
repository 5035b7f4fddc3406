#pragma once

#include <grpcpp/grpcpp.h>

#include <set>
#include <string>

#include "gpuaas/node/v1/node_agent.grpc.pb.h"
#include "node/inventory/inventory.h"
#include "node/journal/evidence.h"
#include "node/manager/manager.h"

namespace gpuaas::node {

// Whether the peer of a call may give this node orders: the common names it may have, each with a certificate of the
// PKI role `service` (organizational unit "service").
class PeerPolicy {
 public:
  explicit PeerPolicy(std::set<std::string> names) : names_(std::move(names)) {}
  // PERMISSION_DENIED if not.
  grpc::Status Check(const grpc::ServerContextBase& context) const;

 private:
  const std::set<std::string> names_;
};

// proto/gpuaas/node/v1 over the manager. Unary calls come on gRPC's threads and may block; Exec is driven by callbacks
// with one thread per command.
class AgentService final : public v1::NodeAgent::WithCallbackMethod_Exec<v1::NodeAgent::Service> {
 public:
  AgentService(Manager& manager, GpuSource& gpus, EvidenceJournal& evidence, PeerPolicy peers, std::string self)
      : manager_(manager), gpus_(gpus), evidence_(evidence), peers_(std::move(peers)), self_(std::move(self)) {}

  grpc::Status GetInventory(grpc::ServerContext*, const v1::GetInventoryRequest*, v1::Inventory*) override;
  grpc::Status EnsureSandbox(grpc::ServerContext*, const v1::EnsureSandboxRequest*, v1::Sandbox*) override;
  grpc::Status RemoveSandbox(grpc::ServerContext*, const v1::RemoveSandboxRequest*,
                             v1::RemoveSandboxResponse*) override;
  grpc::Status ListSandboxes(grpc::ServerContext*, const v1::ListSandboxesRequest*,
                             v1::ListSandboxesResponse*) override;
  grpc::Status SetAuthorizedKeys(grpc::ServerContext*, const v1::SetAuthorizedKeysRequest*,
                                 v1::SetAuthorizedKeysResponse*) override;
  grpc::Status ListEvidence(grpc::ServerContext*, const v1::ListEvidenceRequest*, v1::ListEvidenceResponse*) override;
  grpc::ServerBidiReactor<v1::ExecInput, v1::ExecOutput>* Exec(grpc::CallbackServerContext* context) override;

 private:
  Manager& manager_;
  GpuSource& gpus_;
  EvidenceJournal& evidence_;
  const PeerPolicy peers_;
  const std::string self_;
};

// Canonical codes are the same numbers on both sides.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace gpuaas::node
