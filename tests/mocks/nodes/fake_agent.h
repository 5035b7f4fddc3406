#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gpuaas/node/v1/node_agent.grpc.pb.h"
#include "tests/mocks/nodes/test_pki.h"

namespace gpuaas::testing {

// A node agent without a node: keeps sandboxes in memory, over real gRPC with mTLS on a port of its own.
class FakeAgent final : public node::v1::NodeAgent::Service {
 public:
  FakeAgent(std::string node_id, const TestPki& pki);
  ~FakeAgent() override;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Asked before each EnsureSandbox and RemoveSandbox with the method's name; not OK: the answer of that call.
  void Intercept(std::function<grpc::Status(const std::string&)> hook);
  std::vector<std::string> calls() const;      // "EnsureSandbox alloc_...", in order
  std::vector<std::string> sandboxes() const;  // ids of the allocations that have one
  void Stop();                                 // the node goes dark

 private:
  grpc::Status EnsureSandbox(grpc::ServerContext*, const node::v1::EnsureSandboxRequest*, node::v1::Sandbox*) override;
  grpc::Status RemoveSandbox(grpc::ServerContext*, const node::v1::RemoveSandboxRequest*,
                             node::v1::RemoveSandboxResponse*) override;
  grpc::Status ListSandboxes(grpc::ServerContext*, const node::v1::ListSandboxesRequest*,
                             node::v1::ListSandboxesResponse*) override;
  grpc::Status Enter(const std::string& method, const std::string& allocation_id);

  const std::string node_id_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  mutable std::mutex mutex_;
  std::function<grpc::Status(const std::string&)> hook_;
  std::vector<std::string> calls_;
  std::map<std::string, node::v1::Sandbox> sandboxes_;
};

}  // namespace gpuaas::testing
