#include "api/common/access.h"

#include "domain/status.h"
#include "domain/status_macros.h"
#include "stores/iam/users.h"

namespace gpuaas::api {
namespace {

bool IsPlatformAdmin(const Principal& principal) {
  return domain::Allows(principal.platform_roles, domain::Permission::kOpsRead);
}

std::vector<domain::Role> RolesFrom(const std::vector<std::string>& names) {
  std::vector<domain::Role> roles;
  for (const std::string& name : names) {
    if (auto role = domain::RoleFromName(name)) roles.push_back(*role);
  }
  return roles;
}

absl::Status ChooseTenant(std::string_view wanted, platform::Database& database, Access& access) {
  const Principal& principal = access.principal;
  const bool admin = IsPlatformAdmin(principal);
  if (wanted.empty() || wanted == principal.tenant.str() || wanted == principal.tenant_name) {
    access.tenant = principal.tenant;
    access.tenant_name = principal.tenant_name;
    access.all_tenants = admin && wanted.empty();
    return absl::OkStatus();
  }
  if (!admin) return MakeError(ErrorCode::kNotFound, "no such tenant: " + std::string(wanted));
  GPUAAS_ASSIGN_OR_RETURN(stores::Tenant tenant,
                          database.TransactFor<stores::Tenant>(platform::SystemScope(), [&](platform::Transaction& tx) {
                            return stores::FindTenant(tx, std::string(wanted));
                          }));
  access.tenant = tenant.id;
  access.tenant_name = tenant.name;
  return absl::OkStatus();
}

absl::Status ChooseProject(std::string_view wanted, platform::Database& database, Access& access) {
  const Principal& principal = access.principal;
  const bool own = access.tenant == principal.tenant;
  if (own) {
    for (const platform::ProjectClaim& project : principal.projects) {
      if (wanted.empty() || wanted == project.id || wanted == project.name) {
        access.project = ProjectId(project.id);
        access.project_name = project.name;
        return absl::OkStatus();
      }
    }
  }
  if (wanted.empty()) return absl::OkStatus();
  // Who has a role for the whole tenant may choose any of its projects.
  if (!IsPlatformAdmin(principal) && !(own && !principal.tenant_roles.empty())) {
    return MakeError(ErrorCode::kNotFound, "no such project: " + std::string(wanted));
  }
  GPUAAS_ASSIGN_OR_RETURN(
      stores::Project project,
      database.TransactFor<stores::Project>(platform::SystemScope(), [&](platform::Transaction& tx) {
        return stores::FindProject(tx, access.tenant, std::string(wanted));
      }));
  access.project = project.id;
  access.project_name = project.name;
  return absl::OkStatus();
}

}  // namespace

Principal PrincipalOf(const platform::Claims& claims) {
  return Principal{.user = UserId(claims.subject),
                   .username = claims.name,
                   .tenant = TenantId(claims.tenant_id),
                   .tenant_name = claims.tenant,
                   .platform_roles = RolesFrom(claims.platform_roles),
                   .tenant_roles = RolesFrom(claims.tenant_roles),
                   .projects = claims.projects,
                   .token_expires_at = claims.expires_at};
}

std::string CauseFor(const Principal& principal, std::string_view code, const std::string& text) {
  if (text.empty() || domain::Allows(principal.platform_roles, domain::Permission::kOpsRead)) return text;
  const ErrorCode known = ErrorCodeFromName(code).value_or(ErrorCode::kInternal);
  switch (known) {
    case ErrorCode::kNoCapacity:
    case ErrorCode::kQuotaExceeded:
    case ErrorCode::kUnknownSku:
    case ErrorCode::kUnknownRegion:
    case ErrorCode::kUnknownSshKey:
      return text;
    default:
      return std::string(InfoOf(known).meaning);
  }
}

std::vector<domain::Role> Access::RolesIn(const TenantId& in_tenant, const ProjectId& in_project) const {
  std::vector<domain::Role> roles = principal.platform_roles;
  if (in_tenant != principal.tenant) return roles;
  roles.insert(roles.end(), principal.tenant_roles.begin(), principal.tenant_roles.end());
  for (const platform::ProjectClaim& claim : principal.projects) {
    if (claim.id != in_project.str()) continue;
    if (auto role = domain::RoleFromName(claim.role)) roles.push_back(*role);
  }
  return roles;
}

absl::Status Access::Require(domain::Permission permission) const {
  if (domain::Allows(RolesIn(tenant, project), permission)) return absl::OkStatus();
  return MakeError(ErrorCode::kPermissionDenied, "your role does not allow " + std::string(domain::NameOf(permission)));
}

absl::Status Access::RequireFor(domain::Permission read, domain::Permission needed, const TenantId& in_tenant,
                                const ProjectId& in_project) const {
  const std::vector<domain::Role> roles = RolesIn(in_tenant, in_project);
  if (!domain::Allows(roles, read)) return MakeError(ErrorCode::kNotFound, "no such resource");
  if (domain::Allows(roles, needed)) return absl::OkStatus();
  return MakeError(ErrorCode::kPermissionDenied, "your role does not allow " + std::string(domain::NameOf(needed)));
}

platform::Scope Access::RowScope() const {
  if (all_tenants) return platform::SystemScope();
  return platform::TenantScope{tenant};
}

stores::Caller Access::CallerFor(const TenantId& in_tenant, const ProjectId& in_project,
                                 std::string_view correlation_id) const {
  return stores::Caller{in_tenant, in_project, principal.user.str(), std::string(correlation_id)};
}

absl::StatusOr<Access> ResolveAccess(Principal principal, std::string_view tenant, std::string_view project,
                                     platform::Database& database) {
  Access access;
  access.principal = std::move(principal);
  GPUAAS_RETURN_IF_ERROR(ChooseTenant(tenant, database, access));
  GPUAAS_RETURN_IF_ERROR(ChooseProject(project, database, access));
  return access;
}

}  // namespace gpuaas::api
