#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "api/common/call.h"
#include "stores/allocation/allocations.h"

namespace gpuaas::api {

// Names of tenants and projects for answers, by id; looks up what the caller's token does not tell. For one
// transaction.
class ScopeNames {
 public:
  ScopeNames(const Access& access, platform::Transaction& tx);

  // The id itself if there is no such row.
  std::string Tenant(const TenantId& id);
  std::string Project(const TenantId& tenant, const ProjectId& id);

 private:
  platform::Transaction& tx_;
  std::map<std::string, std::string> names_;
};

// The contract's Allocation, as that caller may see it.
nlohmann::json AllocationJson(const stores::Allocation& allocation, const Access& access, ScopeNames& names);

// The allocation that the path names, if the caller may do this with it: kNotFound, kPermissionDenied, the database's.
absl::StatusOr<stores::Allocation> FindAllocation(platform::Transaction& tx, const Call& call,
                                                  domain::Permission needed);

}  // namespace gpuaas::api
