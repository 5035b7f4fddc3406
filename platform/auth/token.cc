#include "platform/auth/token.h"

#include <nlohmann/json.hpp>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/auth/base64url.h"

namespace gpuaas::platform {

absl::StatusOr<std::string> IssueToken(const Claims& claims, TokenSigner& signer) {
  nlohmann::json projects = nlohmann::json::array();
  for (const ProjectClaim& project : claims.projects) {
    projects.push_back({{"id", project.id}, {"name", project.name}, {"role", project.role}});
  }
  auto seconds = [](std::chrono::sys_seconds time) { return time.time_since_epoch().count(); };
  nlohmann::json payload = {
      {"iss", kTokenIssuer},
      {"aud", kTokenAudience},
      {"sub", claims.subject},
      {"name", claims.name},
      {"tenant_id", claims.tenant_id},
      {"tenant", claims.tenant},
      {"platform_roles", claims.platform_roles},
      {"tenant_roles", claims.tenant_roles},
      {"projects", projects},
      {"jti", claims.token_id},
      {"iat", seconds(claims.issued_at)},
      {"nbf", seconds(claims.issued_at)},
      {"exp", seconds(claims.expires_at)},
  };
  GPUAAS_ASSIGN_OR_RETURN(std::string key_id, signer.CurrentKeyId());
  // The key may be rotated between the two calls; then the header has to name the new one.
  for (int attempt = 0; attempt < 3; ++attempt) {
    nlohmann::json header = {{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key_id}};
    std::string message = Base64UrlEncode(header.dump()) + "." + Base64UrlEncode(payload.dump());
    GPUAAS_ASSIGN_OR_RETURN(TokenSigner::Signature signature, signer.Sign(message));
    if (signature.key_id == key_id) return message + "." + Base64UrlEncode(signature.bytes);
    key_id = signature.key_id;
  }
  return MakeError(ErrorCode::kUnavailable, "the signing key changes too fast");
}

}  // namespace gpuaas::platform
