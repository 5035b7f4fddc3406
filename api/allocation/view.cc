#include "api/allocation/view.h"

#include "domain/status.h"
#include "domain/status_macros.h"
#include "stores/iam/users.h"

namespace gpuaas::api {

using Json = nlohmann::json;

ScopeNames::ScopeNames(const Access& access, platform::Transaction& tx) : tx_(tx) {
  names_[access.tenant.str()] = access.tenant_name;
  if (!access.project.empty()) names_[access.project.str()] = access.project_name;
  for (const platform::ProjectClaim& project : access.principal.projects) names_[project.id] = project.name;
}

std::string ScopeNames::Tenant(const TenantId& id) {
  auto [it, unknown] = names_.try_emplace(id.str(), id.str());
  if (unknown) {
    if (auto tenant = stores::FindTenant(tx_, id); tenant.ok()) it->second = tenant->name;
  }
  return it->second;
}

std::string ScopeNames::Project(const TenantId& tenant, const ProjectId& id) {
  auto [it, unknown] = names_.try_emplace(id.str(), id.str());
  if (unknown) {
    if (auto project = stores::FindProject(tx_, tenant, id); project.ok()) it->second = project->name;
  }
  return it->second;
}

Json AllocationJson(const stores::Allocation& allocation, const Access& access, ScopeNames& names) {
  std::string reason = allocation.reason;
  Json error = nullptr;
  if (!allocation.error_code.empty()) {
    reason = CauseFor(access.principal, allocation.error_code, reason);
    error = {{"code", allocation.error_code}, {"message", reason}};
  }
  return {
      {"id", allocation.id.str()},
      {"name", TextOrNull(allocation.name)},
      {"state", domain::NameOf(allocation.state)},
      {"workflow_id", allocation.WorkflowId()},
      {"operation_id", allocation.operation.str()},
      {"correlation_id", allocation.correlation_id},
      {"tenant_id", allocation.tenant.str()},
      {"tenant", names.Tenant(allocation.tenant)},
      {"project_id", allocation.project.str()},
      {"project", names.Project(allocation.tenant, allocation.project)},
      {"sku", allocation.sku},
      {"region", allocation.region},
      {"gpus", allocation.gpus},
      {"node", TextOrNull(allocation.node_name)},
      {"node_id", TextOrNull(allocation.node.str())},
      {"gpu_uuids", allocation.gpu_uuids},
      {"lease_seconds", allocation.lease.count()},
      {"lease_expires_at", JsonOf(allocation.lease_expires_at)},
      {"ssh_key_ids", allocation.ssh_key_ids},
      {"reason", TextOrNull(reason)},
      {"queue_position", nullptr},  // known to who asks for the one
      {"error", error},
      {"created_by", allocation.created_by},
      {"created_at", JsonOf(allocation.created_at)},
      {"updated_at", JsonOf(allocation.updated_at)},
      {"active_at", JsonOf(allocation.activated_at)},
      {"ended_at", JsonOf(allocation.ended_at)},
  };
}

absl::StatusOr<stores::Allocation> FindAllocation(platform::Transaction& tx, const Call& call,
                                                  domain::Permission needed) {
  GPUAAS_ASSIGN_OR_RETURN(AllocationId id, IdFromPath<AllocationId>(call, "allocation_id"));
  GPUAAS_ASSIGN_OR_RETURN(stores::Allocation allocation, stores::GetAllocation(tx, id));
  GPUAAS_RETURN_IF_ERROR(
      call.access.RequireFor(domain::Permission::kAllocationRead, needed, allocation.tenant, allocation.project));
  return allocation;
}

}  // namespace gpuaas::api
