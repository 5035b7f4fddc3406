#include "domain/iam/roles.h"

#include <algorithm>

namespace gpuaas::domain {
namespace {

struct PermissionRow {
  Permission permission;
  std::string_view name;
  std::string_view roles;  // one column per role in the order of Role, 'x' = allowed
};

// clang-format off
// In the order of Permission; columns: platform_admin, tenant_admin, project_admin, member, viewer, billing, auditor.
constexpr PermissionRow kTable[] = {
    {Permission::kCatalogRead,       "catalog.read",       "xxxxxxx"},
    {Permission::kAllocationRead,    "allocation.read",    "xxxxxxx"},
    {Permission::kAllocationWrite,   "allocation.write",   "xxxx..."},
    {Permission::kAllocationConnect, "allocation.connect", ".xxx..."},
    {Permission::kSshKeyRead,        "ssh_key.read",       "xxxxxxx"},
    {Permission::kSshKeyWrite,       "ssh_key.write",      "xxxx..."},
    {Permission::kProjectRead,       "project.read",       "xxxxxxx"},
    {Permission::kProjectWrite,      "project.write",      "xx....."},
    {Permission::kMembershipRead,    "membership.read",    "xxx...x"},
    {Permission::kMembershipWrite,   "membership.write",   "xxx...."},
    {Permission::kUsageRead,         "usage.read",         "xxxxxxx"},
    {Permission::kAuditRead,         "audit.read",         "xx....x"},
    {Permission::kNodeRead,          "node.read",          "x......"},
    {Permission::kNodeWrite,         "node.write",         "x......"},
    {Permission::kOpsRead,           "ops.read",           "x......"},
    {Permission::kOpsWrite,          "ops.write",          "x......"},
};
// clang-format on

constexpr bool InOrder() {
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    if (static_cast<std::size_t>(kTable[i].permission) != i) return false;
    if (kTable[i].roles.size() != kRoleNames.size()) return false;
  }
  return true;
}
static_assert(InOrder());

}  // namespace

std::optional<Role> RoleFromName(std::string_view name) {
  const auto* found = std::find(kRoleNames.begin(), kRoleNames.end(), name);
  if (found == kRoleNames.end()) return std::nullopt;
  return static_cast<Role>(found - kRoleNames.begin());
}

std::string_view NameOf(Permission permission) { return kTable[static_cast<std::size_t>(permission)].name; }

bool Allows(Role role, Permission permission) {
  return kTable[static_cast<std::size_t>(permission)].roles[static_cast<std::size_t>(role)] == 'x';
}

bool Allows(std::span<const Role> roles, Permission permission) {
  return std::ranges::any_of(roles, [&](Role role) { return Allows(role, permission); });
}

}  // namespace gpuaas::domain
