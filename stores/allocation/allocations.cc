#include "stores/allocation/allocations.h"

#include <nlohmann/json.hpp>

#include "domain/status_macros.h"
#include "stores/allocation/rows.h"

namespace gpuaas::stores {
namespace {

#define GPUAAS_ALLOCATION_WITH_GPUS                                                    \
  GPUAAS_ALLOCATION_COLUMNS                                                            \
  ", array(SELECT gpu_uuid FROM gpu_assignments WHERE allocation_id = allocations.id " \
  "AND released_at IS NULL ORDER BY id) AS gpu_uuids"

#define GPUAAS_ALLOCATION_PAGE \
  "state = ANY ($1::text[]) AND id < $2 AND id >= $3 AND id < $3 || '~' ORDER BY id DESC LIMIT $4"

std::vector<std::string> StateNames(const std::vector<domain::AllocationState>& states) {
  std::vector<std::string> names;
  for (const domain::AllocationState state : states) names.emplace_back(domain::NameOf(state));
  if (names.empty()) names.assign(domain::kAllocationStateNames.begin(), domain::kAllocationStateNames.end());
  return names;
}

// One statement per kind of scope, so that each has its index.
absl::StatusOr<platform::Rows> QueryPage(platform::Transaction& tx, const AllocationFilter& filter) {
  const platform::Param states = StateNames(filter.states);
  const platform::Param before = filter.before.empty() ? std::string("~") : filter.before.str();
  const platform::Param prefix = filter.id_prefix.empty() ? std::string(AllocationId::kPrefix) : filter.id_prefix;
  const platform::Param limit = filter.limit + 1;
  if (!filter.project.empty()) {
    return tx.Query("SELECT " GPUAAS_ALLOCATION_WITH_GPUS
                    " FROM allocations WHERE project_id = $5 AND " GPUAAS_ALLOCATION_PAGE,
                    {states, before, prefix, limit, filter.project});
  }
  if (!filter.tenant.empty()) {
    return tx.Query("SELECT " GPUAAS_ALLOCATION_WITH_GPUS
                    " FROM allocations WHERE tenant_id = $5 AND " GPUAAS_ALLOCATION_PAGE,
                    {states, before, prefix, limit, filter.tenant});
  }
  return tx.Query("SELECT " GPUAAS_ALLOCATION_WITH_GPUS " FROM allocations WHERE " GPUAAS_ALLOCATION_PAGE,
                  {states, before, prefix, limit});
}

Allocation FromRowWithGpus(const platform::Row& row) {
  Allocation allocation = AllocationFrom(row);
  allocation.gpu_uuids = row.TextArray("gpu_uuids");
  return allocation;
}

}  // namespace

absl::StatusOr<Allocation> CreateAllocation(platform::Transaction& tx, const NewAllocation& allocation) {
  const Caller& caller = allocation.caller;
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("INSERT INTO allocations (id, tenant_id, project_id, name, sku, region, gpus, ssh_key_ids, "
                  "created_by, state, operation_id, driving_operation_id, correlation_id, lease_seconds, created_at, "
                  "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'requested', $10, $10, $11, $12, $13, $13) "
                  "RETURNING " GPUAAS_ALLOCATION_COLUMNS,
                  {allocation.id, caller.tenant, caller.project, allocation.name, allocation.sku, allocation.region,
                   allocation.gpus, allocation.ssh_key_ids, caller.principal, allocation.operation,
                   caller.correlation_id, static_cast<std::int64_t>(allocation.lease.count()), allocation.now},
                  "the allocation was not written"));
  const Allocation created = AllocationFrom(row);
  LogAllocation(tx, created, "requested", allocation.operation, caller.principal, allocation.now);
  return created;
}

absl::Status CheckLivingAllocations(platform::Transaction& tx, const ProjectId& project, int most) {
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("SELECT pg_advisory_xact_lock(hashtextextended('allocations/' || $1, 0))", {project}).status());
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                          tx.QueryOne("SELECT count(*) AS living FROM allocations WHERE project_id = $1 AND state NOT "
                                      "IN ('released', 'failed')",
                                      {project}, ""));
  if (row.Int("living") < most) return absl::OkStatus();
  return MakeError(ErrorCode::kQuotaExceeded,
                   "the project has " + std::to_string(row.Int("living")) + " allocations that have not ended; " +
                       std::to_string(most) + " are allowed",
                   nlohmann::json{{"quota", "allocations"}, {"limit", most}, {"used", row.Int("living")}}.dump());
}

absl::StatusOr<Allocation> GetAllocation(platform::Transaction& tx, const AllocationId& id) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT " GPUAAS_ALLOCATION_WITH_GPUS " FROM allocations WHERE id = $1", {id}, "no such allocation"));
  return FromRowWithGpus(row);
}

absl::StatusOr<AllocationPage> ListAllocations(platform::Transaction& tx, const AllocationFilter& filter) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows rows, QueryPage(tx, filter));
  AllocationPage page;
  for (const platform::Row& row : rows) page.items.push_back(FromRowWithGpus(row));
  if (static_cast<int>(page.items.size()) > filter.limit) {
    page.items.pop_back();
    page.next = page.items.back().id;
  }
  return page;
}

absl::StatusOr<std::vector<Allocation>> ListAllocationsOnNode(platform::Transaction& tx, const NodeId& node) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT " GPUAAS_ALLOCATION_COLUMNS
               " FROM allocations WHERE id IN (SELECT allocation_id FROM gpu_assignments WHERE node_id = $1 AND "
               "released_at IS NULL) AND state NOT IN ('released', 'failed') ORDER BY id",
               {node}));
  std::vector<Allocation> allocations;
  for (const platform::Row& row : rows) allocations.push_back(AllocationFrom(row));
  return allocations;
}

absl::Status SetAllocationReason(platform::Transaction& tx, const AllocationId& id, const std::string& reason,
                                 Time now) {
  GPUAAS_ASSIGN_OR_RETURN(
      const std::size_t written,
      tx.Execute("UPDATE allocations SET reason = $2, updated_at = $3 WHERE id = $1", {id, reason, now}));
  if (written == 0) return MakeError(ErrorCode::kNotFound, "no such allocation");
  return absl::OkStatus();
}

}  // namespace gpuaas::stores
