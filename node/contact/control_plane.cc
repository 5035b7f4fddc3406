#include "node/contact/control_plane.h"

#include <filesystem>

#include "domain/nodes/renewal.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "nlohmann/json.hpp"
#include "node/command/command.h"
#include "node/version.h"
#include "platform/auth/base64url.h"
#include "platform/http_client/http_client.h"
#include "platform/tls/tls.h"

namespace gpuaas::node {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kTimeout{10'000};

std::string EdgeCaOf(const StateDir& state) {
  const std::string own = state.path() + "/edge-ca.pem";
  return std::filesystem::exists(own) ? own : "";
}

absl::StatusOr<json> PostJson(platform::HttpClient& http, const std::string& url, const json& body) {
  platform::HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  request.body = body.dump();
  request.timeout = kTimeout;
  const platform::HttpResult result = http.Send(request);
  if (!result.ok()) return MakeError(ErrorCode::kUnavailable, result.error().message);
  const json answer = json::parse(result->body, nullptr, false);
  if (result->status / 100 == 2 && answer.is_object()) return answer;
  const std::string name = answer.is_object() ? answer.value("code", "") : "";
  const std::string message =
      answer.is_object() ? answer.value("message", "") : "status " + std::to_string(result->status);
  return MakeError(ErrorCodeFromName(name).value_or(ErrorCode::kUnavailable), message);
}

std::string PendingKeyFile(const StateDir& state) { return state.path() + "/tls/pending.pem"; }

// The key of the next certificate. It is kept until that is written: an answer that was lost is asked for again with
// the same key, by which the control plane knows that it is the same node.
absl::StatusOr<std::string> PendingKey(const StateDir& state) {
  if (auto kept = ReadFile(PendingKeyFile(state)); kept.ok() && platform::MakeCsr(*kept, "", {}).ok()) return kept;
  GPUAAS_ASSIGN_OR_RETURN(std::string key, platform::GenerateKey());
  GPUAAS_RETURN_IF_ERROR(WriteFile(PendingKeyFile(state), key, 0600));
  return key;
}

void ForgetPendingKey(const StateDir& state) {
  std::error_code ignored;
  std::filesystem::remove(PendingKeyFile(state), ignored);
}

absl::Status SaveAnswer(const StateDir& state, const std::string& key, const json& answer) {
  const std::string certificate = answer.value("certificate_pem", "");
  const std::string ca = answer.value("ca_pem", "");
  GPUAAS_RETURN_IF_ERROR(platform::ParseCertificate(certificate).status());
  GPUAAS_RETURN_IF_ERROR(platform::ParseCertificate(ca).status());
  return state.SaveCertificate(key, certificate, ca);
}

}  // namespace

absl::StatusOr<NodeIdentity> Enrol(const StateDir& state, const std::string& token, const NodeIdentity& wanted,
                                   const std::string& ca_file, const NodeInventory& inventory) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string key, PendingKey(state));
  GPUAAS_ASSIGN_OR_RETURN(const std::string csr, platform::MakeCsr(key, "node", {}));
  platform::HttpClient http({.ca_file = ca_file});
  GPUAAS_ASSIGN_OR_RETURN(const json answer, PostJson(http, wanted.url + "/agent/v1/enrol",
                                                      {{"token", token},
                                                       {"csr_pem", csr},
                                                       {"advertise_address", wanted.advertise},
                                                       {"agent_version", kAgentVersion},
                                                       {"boot_id", inventory.boot_id},
                                                       {"inventory", json::parse(ToJson(inventory))}}));
  NodeIdentity identity = wanted;
  identity.node_id = answer.value("node_id", "");
  if (identity.node_id.empty()) return MakeError(ErrorCode::kInternal, "the answer names no node");
  GPUAAS_RETURN_IF_ERROR(SaveAnswer(state, key, answer));
  if (!ca_file.empty()) {
    GPUAAS_ASSIGN_OR_RETURN(const std::string ca, ReadFile(ca_file));
    GPUAAS_RETURN_IF_ERROR(WriteFile(state.path() + "/edge-ca.pem", ca, 0600));
  }
  GPUAAS_RETURN_IF_ERROR(state.SaveIdentity(identity));
  ForgetPendingKey(state);
  return identity;
}

ControlPlane::ControlPlane(const StateDir& state, const NodeIdentity& identity) : state_(state), identity_(identity) {
  Connect();
}

ControlPlane::~ControlPlane() = default;

void ControlPlane::Connect() {
  http_ = std::make_unique<platform::HttpClient>(
      platform::HttpClientOptions{.ca_file = EdgeCaOf(state_),
                                  .certificate_file = state_.tls_folder() + "/cert.pem",
                                  .key_file = state_.tls_folder() + "/key.pem",
                                  .connect_timeout = kTimeout});
}

absl::StatusOr<HeartbeatAnswer> ControlPlane::Send(const Heartbeat& heartbeat) {
  json sandboxes = json::array();
  for (const auto& sandbox : heartbeat.sandboxes) {
    sandboxes.push_back(
        {{"allocation_id", sandbox.allocation_id}, {"gpu_uuids", sandbox.gpu_uuids}, {"running", sandbox.running}});
  }
  json body = {{"boot_id", heartbeat.boot_id},
               {"agent_version", kAgentVersion},
               {"inventory_digest", DigestOf(*heartbeat.inventory)},
               {"sandboxes", sandboxes},
               {"evidence_head", heartbeat.evidence_head}};
  if (heartbeat.with_inventory) body["inventory"] = json::parse(ToJson(*heartbeat.inventory));
  GPUAAS_ASSIGN_OR_RETURN(const json answer, PostJson(*http_, identity_.url + "/agent/v1/heartbeat", body));
  HeartbeatAnswer parsed;
  parsed.interval = std::chrono::seconds(answer.value("interval_seconds", parsed.interval.count()));
  parsed.fence_after = std::chrono::seconds(answer.value("fence_after_seconds", parsed.fence_after.count()));
  parsed.send_inventory = answer.value("send_inventory", false);
  return parsed;
}

absl::StatusOr<bool> ControlPlane::RenewIfDue(std::chrono::system_clock::time_point now) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string pem, ReadFile(state_.tls_folder() + "/cert.pem"));
  GPUAAS_ASSIGN_OR_RETURN(const platform::CertificateInfo certificate, platform::ParseCertificate(pem));
  if (certificate.not_after - now > (certificate.not_after - certificate.not_before) / 3) return false;
  GPUAAS_ASSIGN_OR_RETURN(const std::string present, ReadFile(state_.tls_folder() + "/key.pem"));
  GPUAAS_ASSIGN_OR_RETURN(const std::string key, PendingKey(state_));
  GPUAAS_ASSIGN_OR_RETURN(const std::string csr, platform::MakeCsr(key, identity_.node_id, {}));
  GPUAAS_ASSIGN_OR_RETURN(const std::string signature, platform::Sign(present, RenewalText(identity_.node_id, csr)));
  // Without the client certificate: one that has ended would not be let in.
  platform::HttpClient http({.ca_file = EdgeCaOf(state_), .connect_timeout = kTimeout});
  GPUAAS_ASSIGN_OR_RETURN(const json answer, PostJson(http, identity_.url + "/agent/v1/renew",
                                                      {{"node_id", identity_.node_id},
                                                       {"csr_pem", csr},
                                                       {"signature", platform::Base64UrlEncode(signature)}}));
  GPUAAS_RETURN_IF_ERROR(SaveAnswer(state_, key, answer));
  ForgetPendingKey(state_);
  Connect();
  return true;
}

}  // namespace gpuaas::node
