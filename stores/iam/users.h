#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/iam/roles.h"
#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

struct Tenant {
  TenantId id;
  std::string name;
  Time created_at;
};

struct Project {
  ProjectId id;
  TenantId tenant;
  std::string name;
  Time created_at;
};

struct ProjectRole {
  Project project;
  domain::Role role;
};

// A user with what he may do, as tokens carry it.
struct User {
  UserId id;
  TenantId tenant;  // the platform's for operators
  std::string tenant_name;
  std::string username;
  std::string display_name;
  std::string password_hash;  // dev-login; empty: can't log in by password
  std::vector<domain::Role> platform_roles;
  std::vector<domain::Role> tenant_roles;
  std::vector<ProjectRole> project_roles;  // by name of the project
};

// Both kNotFound; system scope, since nobody is logged in yet.
absl::StatusOr<User> FindUserByName(platform::Transaction& tx, const std::string& username);
absl::StatusOr<User> GetUser(platform::Transaction& tx, const UserId& id);

// By name or id; kNotFound.
absl::StatusOr<Tenant> FindTenant(platform::Transaction& tx, const std::string& name_or_id);
absl::StatusOr<Project> FindProject(platform::Transaction& tx, const TenantId& tenant, const std::string& name_or_id);
absl::StatusOr<std::vector<Project>> ListProjects(platform::Transaction& tx, const TenantId& tenant);

// Each gives the existing row if there is one of that name. System scope.
absl::StatusOr<Tenant> EnsureTenant(platform::Transaction& tx, const std::string& name, Time now);
absl::StatusOr<Project> EnsureProject(platform::Transaction& tx, const TenantId& tenant, const std::string& name,
                                      Time now);
struct NewUser {
  TenantId tenant;
  std::string username;
  std::string display_name;
  std::string password_hash;  // empty: none
};
absl::StatusOr<UserId> EnsureUser(platform::Transaction& tx, const NewUser& user, Time now);

// `project` empty: the role holds for the tenant (or the platform, for platform_admin). A repeat changes nothing.
absl::Status GrantRole(platform::Transaction& tx, const TenantId& tenant, const UserId& user, const ProjectId& project,
                       domain::Role role, Time now);

}  // namespace gpuaas::stores
