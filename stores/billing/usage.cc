#include "stores/billing/usage.h"

#include "domain/status_macros.h"
#include "stores/allocation/allocations.h"

namespace gpuaas::stores {
namespace {

#define GPUAAS_USAGE_COLUMNS \
  "id, tenant_id, project_id, allocation_id, node_id, sku, region, gpus, opened_at, closed_at, close_reason"

UsageInterval FromRow(const platform::Row& row) {
  return UsageInterval{.id = row.IdOf<UsageIntervalId>("id"),
                       .tenant = row.IdOf<TenantId>("tenant_id"),
                       .project = row.IdOf<ProjectId>("project_id"),
                       .allocation = row.IdOf<AllocationId>("allocation_id"),
                       .node = row.IdOf<NodeId>("node_id"),
                       .sku = row.Text("sku"),
                       .region = row.Text("region"),
                       .gpus = static_cast<int>(row.Int("gpus")),
                       .opened_at = row.Timestamp("opened_at"),
                       .closed_at = row.OptionalTimestamp("closed_at"),
                       .close_reason = row.Text("close_reason")};
}

}  // namespace

absl::StatusOr<UsageInterval> OpenUsage(platform::Transaction& tx, const AllocationId& allocation, Time at) {
  GPUAAS_ASSIGN_OR_RETURN(const Allocation owner, GetAllocation(tx, allocation));
  if (owner.node.empty()) return MakeError(ErrorCode::kInvalidState, "the allocation has no node");
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("INSERT INTO usage_intervals (id, tenant_id, project_id, allocation_id, node_id, sku, region, gpus, "
               "opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
               "ON CONFLICT (allocation_id) WHERE closed_at IS NULL DO NOTHING",
               {UsageIntervalId::New(at), owner.tenant, owner.project, owner.id, owner.node, owner.sku, owner.region,
                owner.gpus, at})
          .status());
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT " GPUAAS_USAGE_COLUMNS " FROM usage_intervals WHERE allocation_id = $1 AND closed_at IS NULL",
                  {allocation}, "the usage interval was not written"));
  return FromRow(row);
}

absl::Status ProveUsage(platform::Transaction& tx, const NodeId& node, const std::string& sandboxes_json, Time at) {
  return tx
      .Query(
          "UPDATE usage_intervals u SET proven_at = greatest(u.proven_at, $3) FROM jsonb_to_recordset($2::jsonb) AS "
          "s(allocation_id text, running boolean) WHERE s.running AND u.allocation_id = s.allocation_id AND u.node_id "
          "= $1 AND u.closed_at IS NULL",
          {node, sandboxes_json, at})
      .status();
}

absl::StatusOr<std::optional<Time>> LastProven(platform::Transaction& tx, const AllocationId& allocation) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT proven_at FROM usage_intervals WHERE allocation_id = $1 AND closed_at IS NULL", {allocation}));
  if (rows.empty()) return std::nullopt;
  return rows[0].OptionalTimestamp("proven_at");
}

absl::StatusOr<std::optional<UsageInterval>> CloseUsage(platform::Transaction& tx, const AllocationId& allocation,
                                                        Time at, const std::string& reason) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("UPDATE usage_intervals SET closed_at = greatest($2, opened_at), close_reason = $3 WHERE allocation_id "
               "= $1 AND closed_at IS NULL RETURNING " GPUAAS_USAGE_COLUMNS,
               {allocation, at, reason}));
  if (rows.empty()) return std::nullopt;
  return FromRow(rows[0]);
}

absl::StatusOr<std::vector<UsageInterval>> ListUsage(platform::Transaction& tx, const AllocationId& allocation) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT " GPUAAS_USAGE_COLUMNS " FROM usage_intervals WHERE allocation_id = $1 ORDER BY opened_at, id",
               {allocation}));
  std::vector<UsageInterval> intervals;
  for (const platform::Row& row : rows) intervals.push_back(FromRow(row));
  return intervals;
}

}  // namespace gpuaas::stores
