#include "api/nodes/agents.h"

#include "activities/ops/dispatcher.h"
#include "api/common/pepper.h"
#include "api/nodes/enrolments.h"
#include "api/nodes/intents.h"
#include "domain/nodes/tls_name.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/config/config.h"
#include "platform/log/log.h"
#include "platform/vault/vault.h"
#include "stores/nodes/enrolment.h"
#include "stores/nodes/heartbeats.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/operations.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

stores::NodeInventory InventoryOf(const Json& json, const std::string& digest) {
  stores::NodeInventory inventory{.source = json["source"],
                                  .driver_version = json.value("driver_version", ""),
                                  .cpus = json.value("cpus", 0),
                                  .memory_bytes = json.value("memory_bytes", std::int64_t{0}),
                                  .digest = digest};
  for (const Json& gpu : json["gpus"]) {
    inventory.gpus.push_back({.uuid = gpu["uuid"],
                              .index = gpu["index"],
                              .model = gpu["model"],
                              .memory_bytes = gpu["memory_bytes"],
                              .device_path = gpu.value("device_path", "")});
  }
  return inventory;
}

bool IsAddress(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

// Nothing in the CSR but its key is believed: the names are the node's id and the host that it is reached at.
absl::StatusOr<platform::Certificate> SignFor(Services& services, const NodeId& node, const std::string& address,
                                              const std::string& csr_pem) {
  GPUAAS_ASSIGN_OR_RETURN(platform::HostPort at, platform::ParseHostPort(address));
  platform::CertificateRequest request{.role = "node", .common_name = node, .dns_names = {TlsNameOfNode(node.str())}};
  (IsAddress(at.host) ? request.ip_addresses : request.dns_names).push_back(at.host);
  return services.vault.SignCsr(request, csr_pem);
}

platform::Response IdentityResponse(int status, const NodeId& node, const platform::Certificate& certificate) {
  return JsonResponse(
      status,
      {{"node_id", node.str()}, {"certificate_pem", certificate.certificate_pem}, {"ca_pem", certificate.ca_pem}});
}

stores::Caller CallerOf(const Call& call, const NodeId& node) {
  return stores::Caller{.tenant = PlatformTenant(), .principal = node, .correlation_id = call.correlation_id()};
}

// The node's row, its operation and the start of its workflow; of a node that asks again only the certificate is new.
absl::Status Register(platform::Transaction& tx, const Call& call, const NodeId& node,
                      const stores::EnrolmentToken& enrolment, const std::string& serial) {
  if (stores::GetNode(tx, node).ok()) return stores::SetNodeCertificate(tx, node, serial, call.now);
  const stores::Caller caller = CallerOf(call, node);
  const stores::NewNode row{.id = node,
                            .caller = caller,
                            .name = enrolment.node_name.empty() ? node.str() : enrolment.node_name,
                            .region = enrolment.region,
                            .advertise_address = call.body["advertise_address"],
                            .certificate_serial = serial,
                            .inventory = InventoryOf(call.body["inventory"], ""),
                            .now = call.now};
  GPUAAS_RETURN_IF_ERROR(stores::RegisterNode(tx, row).status());
  const OperationId operation = OperationId::New(call.now);
  GPUAAS_RETURN_IF_ERROR(stores::CreateOperation(tx, {.id = operation,
                                                      .caller = caller,
                                                      .resource_kind = "node",
                                                      .resource_id = node,
                                                      .kind = "enrol",
                                                      .now = call.now})
                             .status());
  return stores::EnqueueOutbox(tx, StartNode(node, enrolment.region, operation, call.correlation_id(), call.now))
      .status();
}

}  // namespace

absl::StatusOr<platform::Response> AgentEnrol(Services& services, const Call& call) {
  const std::string token = call.body["token"];
  const std::optional<EnrolmentId> id = EnrolmentOf(token);
  if (!id) return MakeError(ErrorCode::kEnrolmentTokenInvalid, "the enrolment token is not one of ours");
  const NodeId node = NodeOf(*id);
  GPUAAS_ASSIGN_OR_RETURN(std::string hash, services.pepper.Hash(token));
  GPUAAS_ASSIGN_OR_RETURN(
      stores::EnrolmentToken enrolment,
      services.database.TransactFor<stores::EnrolmentToken>(platform::SystemScope(), [&](platform::Transaction& tx) {
        return stores::RedeemEnrolmentToken(tx, hash, node, call.now);
      }));
  GPUAAS_ASSIGN_OR_RETURN(platform::Certificate certificate,
                          SignFor(services, node, call.body["advertise_address"], call.body["csr_pem"]));
  GPUAAS_RETURN_IF_ERROR(services.database.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    return Register(tx, call, node, enrolment, certificate.serial);
  }));
  if (absl::Status sent = services.dispatcher.Dispatch("node/" + node.str()); !sent.ok()) {
    platform::LogWarning("dispatch left to the relay", {{"node_id", node.str()}, {"error", ToStd(sent.message())}});
  }
  return IdentityResponse(201, node, certificate);
}

absl::StatusOr<platform::Response> AgentRenew(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(stores::Node node, services.database.TransactFor<stores::Node>(
                                                 platform::SystemScope(), [&](platform::Transaction& tx) {
                                                   return stores::GetNode(tx, call.node);
                                                 }));
  if (node.state == domain::NodeState::kReclaimed) {
    return MakeError(ErrorCode::kInvalidState, "the node was reclaimed", R"({"state":"reclaimed"})");
  }
  GPUAAS_ASSIGN_OR_RETURN(platform::Certificate certificate,
                          SignFor(services, node.id, node.advertise_address, call.body["csr_pem"]));
  GPUAAS_RETURN_IF_ERROR(services.database.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    return stores::SetNodeCertificate(tx, node.id, certificate.serial, call.now);
  }));
  return IdentityResponse(200, node.id, certificate);
}

absl::StatusOr<platform::Response> AgentHeartbeat(Services& services, const Call& call) {
  const Json& body = call.body;
  stores::Heartbeat heartbeat{.node = call.node,
                              .boot_id = body["boot_id"],
                              .agent_version = body["agent_version"],
                              .inventory_digest = body["inventory_digest"],
                              .sandboxes_json = body["sandboxes"].dump(),
                              .evidence_head = body.value("evidence_head", std::int64_t{0}),
                              .now = call.now};
  if (body.contains("inventory")) heartbeat.inventory = InventoryOf(body["inventory"], heartbeat.inventory_digest);
  GPUAAS_ASSIGN_OR_RETURN(stores::HeartbeatResult result, services.database.TransactFor<stores::HeartbeatResult>(
                                                              platform::SystemScope(), [&](platform::Transaction& tx) {
                                                                return stores::RecordHeartbeat(tx, heartbeat);
                                                              }));
  const domain::ContactPolicy policy;
  return JsonResponse(200, {{"interval_seconds", policy.interval.count()},
                            {"fence_after_seconds", policy.fence_after.count()},
                            {"send_inventory", result.inventory_wanted}});
}

}  // namespace gpuaas::api
