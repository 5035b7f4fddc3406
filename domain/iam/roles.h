#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace gpuaas::domain {

// A role holds for a project (project_admin, member, viewer), for a tenant with all its projects (tenant_admin,
// billing, auditor) or for the platform (platform_admin).
enum class Role { kPlatformAdmin, kTenantAdmin, kProjectAdmin, kMember, kViewer, kBilling, kAuditor };

inline constexpr std::array kRoleNames = {
    std::string_view("platform_admin"), std::string_view("tenant_admin"), std::string_view("project_admin"),
    std::string_view("member"),         std::string_view("viewer"),       std::string_view("billing"),
    std::string_view("auditor"),
};

enum class Permission {
  kCatalogRead,
  kAllocationRead,
  kAllocationWrite,    // create, extend, release
  kAllocationConnect,  // endpoint and sessions
  kSshKeyRead,         // one's own keys
  kSshKeyWrite,
  kProjectRead,
  kProjectWrite,
  kMembershipRead,
  kMembershipWrite,
  kUsageRead,
  kAuditRead,
  kNodeRead,   // from here on: the platform's own
  kNodeWrite,  // enrol, cordon, drain, reclaim
  kOpsRead,    // overview, any workflow
  kOpsWrite,   // retry, reset, terminate
};

constexpr std::string_view NameOf(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }
std::optional<Role> RoleFromName(std::string_view name);

// As in messages and `introspection`: "allocation.write".
std::string_view NameOf(Permission permission);

// The one table of who may do what (roles.cc).
bool Allows(Role role, Permission permission);

// True if one of the roles allows it.
bool Allows(std::span<const Role> roles, Permission permission);

}  // namespace gpuaas::domain
