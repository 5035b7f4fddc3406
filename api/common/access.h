#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/iam/roles.h"
#include "domain/ids.h"
#include "platform/auth/token.h"
#include "platform/postgres/database.h"
#include "stores/ops/caller.h"

namespace gpuaas::api {

// Who asks.
struct Principal {
  UserId user;
  std::string username;
  TenantId tenant;
  std::string tenant_name;
  std::vector<domain::Role> platform_roles;
  std::vector<domain::Role> tenant_roles;
  std::vector<platform::ProjectClaim> projects;  // of the own tenant
  std::chrono::sys_seconds token_expires_at;
};

// Role names that this build does not know are left out.
Principal PrincipalOf(const platform::Claims& claims);

// What somebody is told of a failure inside a flow. Its text may name addresses, paths and what is another tenant's:
// who has no role of the platform gets what the code means, unless such texts are written for who asked.
std::string CauseFor(const Principal& principal, std::string_view code, const std::string& text);

// Who asks, and in which tenant and project.
struct Access {
  Principal principal;
  TenantId tenant;
  std::string tenant_name;
  ProjectId project;  // empty: none chosen
  std::string project_name;
  bool all_tenants = false;  // a platform administrator who chose no tenant: sees all of them

  // All roles that the principal has for what belongs to that tenant and project.
  std::vector<domain::Role> RolesIn(const TenantId& tenant, const ProjectId& project) const;

  // For the chosen scope. kPermissionDenied.
  absl::Status Require(domain::Permission permission) const;
  // For a resource that exists: kNotFound if the principal may not even read it, kPermissionDenied if only not that.
  absl::Status RequireFor(domain::Permission read, domain::Permission needed, const TenantId& tenant,
                          const ProjectId& project) const;

  // The rows that its transactions see.
  platform::Scope RowScope() const;
  // On whose behalf rows of that tenant and project are written.
  stores::Caller CallerFor(const TenantId& tenant, const ProjectId& project, std::string_view correlation_id) const;
};

// Finds the scope that the headers X-Tenant and X-Project (names or ids, may be empty) choose. kNotFound for a tenant
// or project that is not the principal's to see, whether it exists or not; the database's errors.
absl::StatusOr<Access> ResolveAccess(Principal principal, std::string_view tenant, std::string_view project,
                                     platform::Database& database);

}  // namespace gpuaas::api
