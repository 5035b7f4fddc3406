#include "api/nodes/agents.h"

#include "activities/ops/dispatcher.h"
#include "api/common/pepper.h"
#include "api/nodes/enrolments.h"
#include "api/nodes/intents.h"
#include "domain/nodes/renewal.h"
#include "domain/nodes/tls_name.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/auth/base64url.h"
#include "platform/log/log.h"
#include "platform/tls/tls.h"
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

// Nothing in the CSR but its key is believed, and nothing of what the node says about where it is: a certificate with a
// host's name could pose as whatever else is reached there.
absl::StatusOr<platform::Certificate> SignFor(Services& services, const NodeId& node, const std::string& csr_pem) {
  return services.vault.SignCsr({.role = "node", .common_name = node, .dns_names = {TlsNameOfNode(node.str())}},
                                csr_pem);
}

platform::Response IdentityResponse(int status, const NodeId& node, const platform::Certificate& certificate) {
  return JsonResponse(
      status,
      {{"node_id", node.str()}, {"certificate_pem", certificate.certificate_pem}, {"ca_pem", certificate.ca_pem}});
}

stores::Caller CallerOf(const Call& call, const NodeId& node) {
  return stores::Caller{.tenant = PlatformTenant(), .principal = node, .correlation_id = call.correlation_id()};
}

absl::Status CheckNotReclaimed(const stores::Node& node) {
  if (node.state != domain::NodeState::kReclaimed) return absl::OkStatus();
  return MakeError(ErrorCode::kInvalidState, "the node was reclaimed", R"({"state":"reclaimed"})");
}

// The node's row, its operation and the start of its workflow; of a node that asks again only the certificate is new.
absl::Status Register(platform::Transaction& tx, const Call& call, const NodeId& node,
                      const stores::EnrolmentToken& enrolment, const std::string& serial,
                      const std::string& public_key) {
  if (auto known = stores::GetNode(tx, node); known.ok()) {
    GPUAAS_RETURN_IF_ERROR(CheckNotReclaimed(*known));
    return stores::SetNodeCertificate(tx, node, serial, public_key, call.now);
  }
  const stores::Caller caller = CallerOf(call, node);
  const stores::NewNode row{.id = node,
                            .caller = caller,
                            .name = enrolment.node_name.empty() ? node.str() : enrolment.node_name,
                            .region = enrolment.region,
                            .advertise_address = call.body["advertise_address"],
                            .certificate_serial = serial,
                            .public_key = public_key,
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

// A node proves itself by its present key and not by its certificate, which may have ended while it was off: by a
// signature over the request for the next one, or, when the answer to that one was lost, by asking for the same again.
// Who cannot is told nothing about which nodes there are.
absl::Status CheckRenewal(const absl::StatusOr<stores::Node>& node, const Call& call, const platform::CsrInfo& csr) {
  if (node.ok() && !node->public_key.empty()) {
    const std::string text = RenewalText(node->id.str(), call.body["csr_pem"].get<std::string>());
    const auto signature = platform::Base64UrlDecode(call.body["signature"].get<std::string>());
    if (csr.public_key == node->public_key || platform::IsSignature(node->public_key, text, signature.value_or(""))) {
      return CheckNotReclaimed(*node);
    }
  } else if (!node.ok() && ErrorCodeOf(node.status()) != ErrorCode::kNotFound) {
    return node.status();
  }
  return MakeError(ErrorCode::kUnauthenticated, "the request is not signed with the key of such a node");
}

}  // namespace

absl::StatusOr<platform::Response> AgentEnrol(Services& services, const Call& call) {
  const std::string token = call.body["token"], csr_pem = call.body["csr_pem"];
  const std::optional<EnrolmentId> id = EnrolmentOf(token);
  if (!id) return MakeError(ErrorCode::kEnrolmentTokenInvalid, "the enrolment token is not one of ours");
  const NodeId node = NodeOf(*id);
  GPUAAS_ASSIGN_OR_RETURN(const platform::CsrInfo csr, platform::ParseCsr(csr_pem));
  GPUAAS_ASSIGN_OR_RETURN(std::string hash, services.pepper.Hash(token));
  GPUAAS_ASSIGN_OR_RETURN(
      stores::EnrolmentToken enrolment,
      services.database.TransactFor<stores::EnrolmentToken>(platform::SystemScope(), [&](platform::Transaction& tx) {
        return stores::RedeemEnrolmentToken(tx, hash, node, csr.public_key, call.now);
      }));
  GPUAAS_ASSIGN_OR_RETURN(platform::Certificate certificate, SignFor(services, node, csr_pem));
  GPUAAS_RETURN_IF_ERROR(services.database.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    return Register(tx, call, node, enrolment, certificate.serial, csr.public_key);
  }));
  if (absl::Status sent = services.dispatcher.Dispatch("node/" + node.str()); !sent.ok()) {
    platform::LogWarning("dispatch left to the relay", {{"node_id", node.str()}, {"error", ToStd(sent.message())}});
  }
  return IdentityResponse(201, node, certificate);
}

absl::StatusOr<platform::Response> AgentRenew(Services& services, const Call& call) {
  const NodeId id(call.body["node_id"].get<std::string>());
  const std::string csr_pem = call.body["csr_pem"];
  GPUAAS_ASSIGN_OR_RETURN(const platform::CsrInfo csr, platform::ParseCsr(csr_pem));
  GPUAAS_RETURN_IF_ERROR(
      CheckRenewal(services.database.TransactFor<stores::Node>(
                       platform::SystemScope(), [&](platform::Transaction& tx) { return stores::GetNode(tx, id); }),
                   call, csr));
  GPUAAS_ASSIGN_OR_RETURN(platform::Certificate certificate, SignFor(services, id, csr_pem));
  GPUAAS_RETURN_IF_ERROR(services.database.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    return stores::SetNodeCertificate(tx, id, certificate.serial, csr.public_key, call.now);
  }));
  return IdentityResponse(200, id, certificate);
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
