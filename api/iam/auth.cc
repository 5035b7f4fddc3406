#include "api/iam/auth.h"

#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/auth/token.h"
#include "platform/crypto/password.h"
#include "stores/iam/users.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

Json ScopeJson(const TenantId& tenant, const std::string& tenant_name, const ProjectId& project,
               const std::string& project_name) {
  return {{"tenant_id", tenant.str()},
          {"tenant", tenant_name},
          {"project_id", TextOrNull(project.str())},
          {"project", TextOrNull(project_name)}};
}

std::vector<std::string> NamesOf(const std::vector<domain::Role>& roles) {
  std::vector<std::string> names;
  for (domain::Role role : roles) names.emplace_back(domain::NameOf(role));
  return names;
}

platform::Claims ClaimsOf(const stores::User& user, Time now) {
  platform::Claims claims{.subject = user.id,
                          .name = user.username,
                          .tenant_id = user.tenant,
                          .tenant = user.tenant_name,
                          .platform_roles = NamesOf(user.platform_roles),
                          .tenant_roles = NamesOf(user.tenant_roles),
                          .token_id = NewUlidText(now),
                          .issued_at = std::chrono::floor<std::chrono::seconds>(now)};
  claims.expires_at = claims.issued_at + platform::kTokenLifetime;
  for (const stores::ProjectRole& role : user.project_roles) {
    claims.projects.push_back({role.project.id, role.project.name, std::string(domain::NameOf(role.role))});
  }
  return claims;
}

// Unknown users cost as much time as known ones.
absl::StatusOr<stores::User> CheckPassword(Services& services, const std::string& username,
                                           const std::string& password) {
  const absl::Status refused = MakeError(ErrorCode::kInvalidCredentials, "user name or password is wrong");
  absl::StatusOr<stores::User> user = services.database.TransactFor<stores::User>(
      platform::SystemScope(), [&](platform::Transaction& tx) { return stores::FindUserByName(tx, username); });
  if (!user.ok()) {
    if (ErrorCodeOf(user.status()) != ErrorCode::kNotFound) return user.status();
    if (auto hash = platform::HashPassword(password); !hash.ok()) return hash.status();
    return refused;
  }
  if (!platform::VerifyPassword(password, user->password_hash)) return refused;
  return user;
}

}  // namespace

absl::StatusOr<platform::Response> DevLogin(Services& services, RateLimiter& limiter, const Call& call) {
  if (!services.settings.dev_mode) {
    return MakeError(ErrorCode::kPermissionDenied, "log-in by password is for development only and is switched off");
  }
  const std::string username = call.body["username"], password = call.body["password"];
  if (auto wait = limiter.Take(username, call.now); wait.count() > 0) {
    return MakeError(ErrorCode::kRateLimited, "too many attempts to log in as this user",
                     Json{{"retry_after_seconds", wait.count()}}.dump());
  }
  GPUAAS_ASSIGN_OR_RETURN(stores::User user, CheckPassword(services, username, password));
  const platform::Claims claims = ClaimsOf(user, call.now);
  GPUAAS_ASSIGN_OR_RETURN(std::string token, platform::IssueToken(claims, services.signer));
  const bool none = claims.projects.empty();
  return JsonResponse(200,
                      {{"access_token", token},
                       {"token_type", "Bearer"},
                       {"expires_at", JsonOf(Time(claims.expires_at))},
                       {"scope", ScopeJson(user.tenant, user.tenant_name, ProjectId(none ? "" : claims.projects[0].id),
                                           none ? "" : claims.projects[0].name)}});
}

absl::StatusOr<platform::Response> WhoAmI(const Call& call) {
  const Access& access = call.access;
  const Principal& principal = access.principal;
  Json projects = Json::array();
  Json role = nullptr;
  for (const platform::ProjectClaim& project : principal.projects) {
    projects.push_back({{"id", project.id}, {"name", project.name}, {"role", project.role}});
    if (role.is_null() && project.id == access.project.str()) role = project.role;
  }
  Json permissions = Json::array();
  const std::vector<domain::Role> roles = access.RolesIn(access.tenant, access.project);
  for (int i = 0; i <= static_cast<int>(domain::Permission::kOpsWrite); ++i) {
    const auto permission = static_cast<domain::Permission>(i);
    if (domain::Allows(roles, permission)) permissions.push_back(domain::NameOf(permission));
  }
  return JsonResponse(200,
                      {{"user_id", principal.user.str()},
                       {"username", principal.username},
                       {"scope", ScopeJson(access.tenant, access.tenant_name, access.project, access.project_name)},
                       {"role", role},
                       {"platform_roles", NamesOf(principal.platform_roles)},
                       {"tenant_roles", NamesOf(principal.tenant_roles)},
                       {"projects", projects},
                       {"permissions", permissions},
                       {"token_expires_at", JsonOf(Time(principal.token_expires_at))}});
}

}  // namespace gpuaas::api
