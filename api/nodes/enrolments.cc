#include "api/nodes/enrolments.h"

#include <openssl/evp.h>

#include <fstream>
#include <sstream>

#include "api/common/mutation.h"
#include "api/common/pepper.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/auth/base64url.h"
#include "platform/vault/vault.h"
#include "stores/nodes/enrolment.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::hours kTokenLife{1};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Base64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  text.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                                       static_cast<int>(bytes.size()))));
  return text;
}

// One command for a root shell. The token stands before `sh` as a variable, hence in no argument list.
std::string CommandFor(const Settings& settings, const std::string& token) {
  const std::string fetch = "curl -fsS ", script = settings.agent_url + "/api/v1/nodes/bootstrap.sh";
  if (settings.ca_file.empty()) return fetch + script + " | GPUAAS_ENROL_TOKEN='" + token + "' sh";
  return "ca=$(mktemp) && echo " + Base64(ReadFile(settings.ca_file)) + " | base64 -d >\"$ca\" && " + fetch +
         "--cacert \"$ca\" " + script + " | GPUAAS_NODE_CA=\"$ca\" GPUAAS_ENROL_TOKEN='" + token + "' sh";
}

}  // namespace

absl::StatusOr<std::string> EnrolmentTokenOf(Services& services, const EnrolmentId& id) {
  GPUAAS_ASSIGN_OR_RETURN(platform::TransitSignature secret,
                          services.vault.Hmac("derive", "node-enrolment:" + id.str()));
  return id.str() + "." + platform::Base64UrlEncode(secret.bytes);
}

std::optional<EnrolmentId> EnrolmentOf(std::string_view token) {
  return EnrolmentId::Parse(token.substr(0, token.find('.')));
}

NodeId NodeOf(const EnrolmentId& id) {
  return NodeId(std::string(NodeId::kPrefix) + id.str().substr(EnrolmentId::kPrefix.size()));
}

absl::StatusOr<platform::Response> EnrolNode(Services& services, const Call& call) {
  const stores::Caller caller = call.access.CallerFor(PlatformTenant(), ProjectId(), call.correlation_id());
  // Before the transaction, which should not wait for the secret store. A repeat drops this one unused.
  const EnrolmentId fresh = EnrolmentId::New(call.now);
  GPUAAS_ASSIGN_OR_RETURN(std::string fresh_token, EnrolmentTokenOf(services, fresh));
  GPUAAS_ASSIGN_OR_RETURN(std::string hash, services.pepper.Hash(fresh_token));
  auto create = [&](platform::Transaction& tx) -> absl::StatusOr<stores::Answer> {
    GPUAAS_ASSIGN_OR_RETURN(
        stores::EnrolmentToken made,
        stores::CreateEnrolmentToken(tx, {.id = fresh,
                                          .caller = caller,
                                          .token_hash = hash,
                                          .region = call.body.value("region", services.settings.region),
                                          .node_name = call.body["name"].get<std::string>(),
                                          .now = call.now,
                                          .expires_at = call.now + kTokenLife}));
    const Json body = {{"id", made.id.str()},
                       {"node_id", NodeOf(made.id).str()},
                       {"name", made.node_name},
                       {"region", made.region},
                       {"expires_at", JsonOf(made.expires_at)}};
    return stores::Answer{.http_status = 201, .body_json = body.dump()};
  };
  GPUAAS_ASSIGN_OR_RETURN(platform::Response response,
                          RunMutation(services, call, platform::SystemScope(), caller, "", create));
  // What is kept of the answer holds no secret: the token is derived each time it is shown.
  Json body = Json::parse(response.body);
  GPUAAS_ASSIGN_OR_RETURN(std::string token, EnrolmentTokenOf(services, EnrolmentId(body["id"].get<std::string>())));
  body["command"] = CommandFor(services.settings, token);
  body["token"] = std::move(token);
  response.body = body.dump();
  return response;
}

}  // namespace gpuaas::api
