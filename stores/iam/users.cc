#include "stores/iam/users.h"

#include "domain/status_macros.h"

namespace gpuaas::stores {
namespace {

#define GPUAAS_USER_SELECT                                                                                     \
  "SELECT u.id, u.tenant_id, t.name AS tenant_name, u.username, u.display_name, u.password_hash FROM users u " \
  "JOIN tenants t ON t.id = u.tenant_id "

Tenant TenantFrom(const platform::Row& row) {
  return Tenant{.id = row.IdOf<TenantId>("id"), .name = row.Text("name"), .created_at = row.Timestamp("created_at")};
}

Project ProjectFrom(const platform::Row& row) {
  return Project{.id = row.IdOf<ProjectId>("id"),
                 .tenant = row.IdOf<TenantId>("tenant_id"),
                 .name = row.Text("name"),
                 .created_at = row.Timestamp("created_at")};
}

absl::StatusOr<User> WithRoles(platform::Transaction& tx, const platform::Row& row) {
  User user{.id = row.IdOf<UserId>("id"),
            .tenant = row.IdOf<TenantId>("tenant_id"),
            .tenant_name = row.Text("tenant_name"),
            .username = row.Text("username"),
            .display_name = row.Text("display_name"),
            .password_hash = row.TextOrEmpty("password_hash")};
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT m.role, p.id, m.tenant_id, p.name, p.created_at FROM memberships m LEFT JOIN projects p ON "
               "p.id = m.project_id WHERE m.user_id = $1 AND m.tenant_id = $2 ORDER BY p.name, m.role",
               {user.id, user.tenant}));
  for (const platform::Row& membership : rows) {
    const auto role = domain::RoleFromName(membership.Text("role"));
    if (!role) return MakeError(ErrorCode::kInternal, "a membership has an unknown role");
    if (!membership.IsNull("id")) {
      user.project_roles.push_back({ProjectFrom(membership), *role});
    } else if (*role == domain::Role::kPlatformAdmin) {
      user.platform_roles.push_back(*role);
    } else {
      user.tenant_roles.push_back(*role);
    }
  }
  return user;
}

}  // namespace

absl::StatusOr<User> FindUserByName(platform::Transaction& tx, const std::string& username) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                          tx.QueryOne(GPUAAS_USER_SELECT "WHERE u.username = $1", {username}, "no such user"));
  return WithRoles(tx, row);
}

absl::StatusOr<User> GetUser(platform::Transaction& tx, const UserId& id) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                          tx.QueryOne(GPUAAS_USER_SELECT "WHERE u.id = $1", {id}, "no such user"));
  return WithRoles(tx, row);
}

absl::StatusOr<Tenant> FindTenant(platform::Transaction& tx, const std::string& name_or_id) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                          tx.QueryOne("SELECT id, name, created_at FROM tenants WHERE name = $1 OR id = $1",
                                      {name_or_id}, "no such tenant"));
  return TenantFrom(row);
}

absl::StatusOr<Project> FindProject(platform::Transaction& tx, const TenantId& tenant, const std::string& name_or_id) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT id, tenant_id, name, created_at FROM projects WHERE tenant_id = $1 AND (name = $2 OR id = "
                  "$2)",
                  {tenant, name_or_id}, "no such project"));
  return ProjectFrom(row);
}

absl::StatusOr<std::vector<Project>> ListProjects(platform::Transaction& tx, const TenantId& tenant) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT id, tenant_id, name, created_at FROM projects WHERE tenant_id = $1 ORDER BY name", {tenant}));
  std::vector<Project> projects;
  for (const platform::Row& row : rows) projects.push_back(ProjectFrom(row));
  return projects;
}

absl::StatusOr<Tenant> EnsureTenant(platform::Transaction& tx, const std::string& name, Time now) {
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("INSERT INTO tenants (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
               {TenantId::New(now), name, now})
          .status());
  return FindTenant(tx, name);
}

absl::StatusOr<Project> EnsureProject(platform::Transaction& tx, const TenantId& tenant, const std::string& name,
                                      Time now) {
  GPUAAS_RETURN_IF_ERROR(tx.Query("INSERT INTO projects (id, tenant_id, name, created_at) VALUES ($1, $2, $3, $4) "
                                  "ON CONFLICT (tenant_id, name) DO NOTHING",
                                  {ProjectId::New(now), tenant, name, now})
                             .status());
  return FindProject(tx, tenant, name);
}

absl::StatusOr<UserId> EnsureUser(platform::Transaction& tx, const NewUser& user, Time now) {
  const std::optional<std::string> hash = user.password_hash.empty() ? std::nullopt : std::optional(user.password_hash);
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("INSERT INTO users (id, tenant_id, username, display_name, password_hash, created_at) "
               "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (username) DO NOTHING",
               {UserId::New(now), user.tenant, user.username, user.display_name, hash, now})
          .status());
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row, tx.QueryOne("SELECT id FROM users WHERE username = $1",
                                                               {user.username}, "the user was not written"));
  return row.IdOf<UserId>("id");
}

absl::Status GrantRole(platform::Transaction& tx, const TenantId& tenant, const UserId& user, const ProjectId& project,
                       domain::Role role, Time now) {
  return tx
      .Query(
          "INSERT INTO memberships (tenant_id, user_id, project_id, role, created_at) VALUES ($1, $2, $3, $4, $5) "
          "ON CONFLICT DO NOTHING",
          {tenant, user, project, domain::NameOf(role), now})
      .status();
}

}  // namespace gpuaas::stores
