#include "tests/mocks/nodes/fake_agent.h"

#include <google/protobuf/util/time_util.h>

#include <utility>

#include "domain/nodes/tls_name.h"

namespace gpuaas::testing {

using google::protobuf::util::TimeUtil;

FakeAgent::FakeAgent(std::string node_id, const TestPki& pki) : node_id_(std::move(node_id)) {
  const IssuedCertificate own = pki.Issue(TlsNameOfNode(node_id_));
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = pki.ca_pem();
  tls.pem_key_cert_pairs.push_back({own.private_key_pem, own.certificate_pem});
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeAgent::~FakeAgent() { Stop(); }

void FakeAgent::Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

void FakeAgent::Intercept(std::function<grpc::Status(const std::string&)> hook) {
  std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

std::vector<std::string> FakeAgent::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<std::string> FakeAgent::sandboxes() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& [id, sandbox] : sandboxes_) ids.push_back(id);
  return ids;
}

grpc::Status FakeAgent::Enter(const std::string& method, const std::string& allocation_id) {
  std::function<grpc::Status(const std::string&)> hook;
  {
    std::lock_guard lock(mutex_);
    calls_.push_back(method + " " + allocation_id);
    hook = hook_;
  }
  return hook ? hook(method) : grpc::Status::OK;
}

grpc::Status FakeAgent::EnsureSandbox(grpc::ServerContext*, const node::v1::EnsureSandboxRequest* request,
                                      node::v1::Sandbox* response) {
  if (auto status = Enter("EnsureSandbox", request->allocation_id()); !status.ok()) return status;
  std::lock_guard lock(mutex_);
  node::v1::Sandbox& sandbox = sandboxes_[request->allocation_id()];
  if (sandbox.allocation_id().empty()) {
    sandbox.set_allocation_id(request->allocation_id());
    sandbox.set_user("gpu-1");
    sandbox.set_host("127.0.0.1");
    sandbox.set_ssh_port(2200 + static_cast<int>(sandboxes_.size()));
    sandbox.set_host_key_fingerprint("SHA256:fake");
    sandbox.set_host_public_key("ssh-ed25519 AAAA");
    *sandbox.mutable_gpu_uuids() = request->gpu_uuids();
    *sandbox.mutable_started_at() = TimeUtil::GetCurrentTime();
  }
  *response = sandbox;
  return grpc::Status::OK;
}

grpc::Status FakeAgent::RemoveSandbox(grpc::ServerContext*, const node::v1::RemoveSandboxRequest* request,
                                      node::v1::RemoveSandboxResponse* response) {
  if (auto status = Enter("RemoveSandbox", request->allocation_id()); !status.ok()) return status;
  std::lock_guard lock(mutex_);
  if (sandboxes_.erase(request->allocation_id()) > 0)
    *response->mutable_last_observed_at() = TimeUtil::GetCurrentTime();
  return grpc::Status::OK;
}

grpc::Status FakeAgent::ListSandboxes(grpc::ServerContext*, const node::v1::ListSandboxesRequest*,
                                      node::v1::ListSandboxesResponse* response) {
  std::lock_guard lock(mutex_);
  for (const auto& [id, sandbox] : sandboxes_) *response->add_sandboxes() = sandbox;
  return grpc::Status::OK;
}

}  // namespace gpuaas::testing
