#include "node/server/service.h"

#include <algorithm>

#include "domain/status.h"
#include "node/server/exec_reactor.h"
#include "platform/log/log.h"
#include "platform/tls/tls.h"

namespace gpuaas::node {
namespace {

using google::protobuf::Timestamp;

constexpr std::uint32_t kEvidencePage = 1'000;

void SetTime(Time time, Timestamp* out) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  out->set_seconds(seconds.count());
  out->set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(since - seconds).count()));
}

std::vector<AuthorizedKey> KeysOf(const google::protobuf::RepeatedPtrField<v1::AuthorizedKey>& list) {
  std::vector<AuthorizedKey> keys;
  for (const auto& key : list) keys.push_back({key.key_id(), key.public_key()});
  return keys;
}

void Fill(const SandboxView& view, v1::Sandbox* out) {
  out->set_allocation_id(view.allocation_id);
  out->set_user(view.user);
  out->set_host(view.host);
  out->set_ssh_port(static_cast<std::uint32_t>(view.port));
  out->set_host_key_fingerprint(view.host_fingerprint);
  out->set_host_public_key(view.host_public_key);
  for (const auto& uuid : view.gpu_uuids) out->add_gpu_uuids(uuid);
  SetTime(view.started_at, out->mutable_started_at());
}

// One line per order, with the caller's correlation id if it sent one.
void LogCall(const grpc::ServerContext& context, std::string_view call, const std::string& allocation_id,
             const absl::Status& status) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("x-correlation-id");
  const std::string correlation =
      found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
  platform::Log(status.ok() ? platform::LogLevel::kInfo : platform::LogLevel::kWarning, call,
                {{"allocation_id", allocation_id},
                 {"correlation_id", correlation},
                 {"outcome", status.ok() ? "ok" : ToStd(status.message())}});
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

grpc::Status PeerPolicy::Check(const grpc::ServerContextBase& context) const {
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) {
    return {grpc::StatusCode::UNAUTHENTICATED, "a client certificate is required"};
  }
  const auto pem = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (!pem.empty()) {
    auto certificate = platform::ParseCertificate({pem[0].data(), pem[0].size()});
    if (certificate.ok() && names_.contains(certificate->common_name) &&
        std::count(certificate->organizational_units.begin(), certificate->organizational_units.end(), "service") > 0) {
      return grpc::Status::OK;
    }
  }
  return {grpc::StatusCode::PERMISSION_DENIED, "only the control plane's services give this node orders"};
}

grpc::Status AgentService::GetInventory(grpc::ServerContext* context, const v1::GetInventoryRequest*,
                                        v1::Inventory* response) {
  if (auto denied = peers_.Check(*context); !denied.ok()) return denied;
  auto inventory = TakeInventory(gpus_);
  if (!inventory.ok()) return ToGrpc(inventory.status());
  response->set_source(inventory->source);
  response->set_driver_version(inventory->driver_version);
  for (const auto& gpu : inventory->gpus) {
    auto* out = response->add_gpus();
    out->set_index(static_cast<std::uint32_t>(gpu.index));
    out->set_uuid(gpu.uuid);
    out->set_model(gpu.model);
    out->set_memory_bytes(gpu.memory_bytes);
    out->set_device_path(gpu.device_path);
  }
  response->set_cpus(inventory->cpus);
  response->set_memory_bytes(inventory->memory_bytes);
  response->set_agent_version(inventory->agent_version);
  response->set_boot_id(inventory->boot_id);
  return grpc::Status::OK;
}

grpc::Status AgentService::EnsureSandbox(grpc::ServerContext* context, const v1::EnsureSandboxRequest* request,
                                         v1::Sandbox* response) {
  if (auto denied = peers_.Check(*context); !denied.ok()) return denied;
  EnsureRequest wanted{request->allocation_id(),
                       request->operation_id(),
                       {request->gpu_uuids().begin(), request->gpu_uuids().end()},
                       request->key_owner(),
                       KeysOf(request->authorized_keys()),
                       request->cpus(),
                       request->memory_bytes()};
  auto sandbox = manager_.Ensure(wanted);
  LogCall(*context, "EnsureSandbox", request->allocation_id(), sandbox.status());
  if (!sandbox.ok()) return ToGrpc(sandbox.status());
  Fill(*sandbox, response);
  return grpc::Status::OK;
}

grpc::Status AgentService::RemoveSandbox(grpc::ServerContext* context, const v1::RemoveSandboxRequest* request,
                                         v1::RemoveSandboxResponse* response) {
  if (auto denied = peers_.Check(*context); !denied.ok()) return denied;
  auto ended_at = manager_.Remove(request->allocation_id());
  LogCall(*context, "RemoveSandbox", request->allocation_id(), ended_at.status());
  if (!ended_at.ok()) return ToGrpc(ended_at.status());
  if (*ended_at) SetTime(**ended_at, response->mutable_last_observed_at());
  return grpc::Status::OK;
}

grpc::Status AgentService::ListSandboxes(grpc::ServerContext* context, const v1::ListSandboxesRequest*,
                                         v1::ListSandboxesResponse* response) {
  if (auto denied = peers_.Check(*context); !denied.ok()) return denied;
  for (const auto& view : manager_.List()) Fill(view, response->add_sandboxes());
  return grpc::Status::OK;
}

grpc::Status AgentService::SetAuthorizedKeys(grpc::ServerContext* context, const v1::SetAuthorizedKeysRequest* request,
                                             v1::SetAuthorizedKeysResponse*) {
  if (auto denied = peers_.Check(*context); !denied.ok()) return denied;
  const absl::Status status = manager_.SetKeys(request->allocation_id(), request->owner(), KeysOf(request->keys()));
  LogCall(*context, "SetAuthorizedKeys", request->allocation_id(), status);
  return ToGrpc(status);
}

grpc::Status AgentService::ListEvidence(grpc::ServerContext* context, const v1::ListEvidenceRequest* request,
                                        v1::ListEvidenceResponse* response) {
  if (auto denied = peers_.Check(*context); !denied.ok()) return denied;
  const std::uint32_t limit = request->limit() == 0 ? kEvidencePage : std::min(request->limit(), kEvidencePage);
  for (const auto& entry : evidence_.After(request->after(), limit)) {
    auto* out = response->add_entries();
    out->set_sequence(entry.sequence);
    out->set_allocation_id(entry.allocation_id);
    out->set_kind(std::string(NameOf(entry.kind)));
    out->set_boot_id(entry.boot_id);
    SetTime(entry.wall, out->mutable_wall());
    out->mutable_monotonic()->set_seconds(entry.monotonic.count() / 1'000'000);
    out->mutable_monotonic()->set_nanos(static_cast<std::int32_t>(entry.monotonic.count() % 1'000'000 * 1'000));
    for (const auto& uuid : entry.gpu_uuids) out->add_gpu_uuids(uuid);
  }
  return grpc::Status::OK;
}

grpc::ServerBidiReactor<v1::ExecInput, v1::ExecOutput>* AgentService::Exec(grpc::CallbackServerContext* context) {
  return NewExecReactor(peers_.Check(*context), self_,
                        [this](const std::string& allocation_id) { return manager_.RunningSpec(allocation_id); });
}

}  // namespace gpuaas::node
