#include "stores/ops/tenant_log.h"

#include <utility>

#include "domain/status_macros.h"

namespace gpuaas::stores {

void AppendLog(platform::Transaction& tx, NewLogEntry entry) {
  // By tenant, so that two transactions never take two counters in opposite order.
  std::string order = "tenant_log/" + entry.caller.tenant.str();
  tx.AtCommit(std::move(order), [entry = std::move(entry)](platform::Transaction& last) {
    return last
        .Query(
            "WITH taken AS (INSERT INTO tenant_counters AS c (tenant_id, last_number) VALUES ($1, 1) "
            "ON CONFLICT (tenant_id) DO UPDATE SET last_number = c.last_number + 1 RETURNING last_number) "
            "INSERT INTO tenant_log (tenant_id, number, audit_only, type, project_id, resource_kind, resource_id, "
            "operation_id, principal, correlation_id, at, data) "
            "SELECT $1, last_number, $2::boolean, $3, $4, $5, $6, $7, $8, $9, $10::timestamptz, $11::json FROM taken",
            {entry.caller.tenant, entry.audit_only, entry.type, entry.caller.project, entry.resource_kind,
             entry.resource_id, entry.operation, entry.caller.principal, entry.caller.correlation_id, entry.now,
             entry.data_json})
        .status();
  });
}

absl::StatusOr<std::vector<LogEntry>> ReadLog(platform::Transaction& tx, const LogFilter& filter) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT tenant_id, number, audit_only, type, project_id, resource_kind, resource_id, operation_id, "
               "principal, correlation_id, at, data FROM tenant_log WHERE tenant_id = $1 AND number > $2 AND "
               "(coalesce($3, '') = '' OR project_id = $3) AND ($4 = '' OR resource_kind = $4) AND "
               "($5 = '' OR resource_id = $5) AND ($6 OR NOT audit_only) ORDER BY number LIMIT $7",
               {filter.tenant, filter.after, filter.project, filter.resource_kind, filter.resource_id,
                filter.with_audit, filter.limit}));
  std::vector<LogEntry> entries;
  for (const platform::Row& row : rows) {
    entries.push_back({.tenant = row.IdOf<TenantId>("tenant_id"),
                       .number = row.Int("number"),
                       .audit_only = row.Bool("audit_only"),
                       .type = row.Text("type"),
                       .project = row.IdOf<ProjectId>("project_id"),
                       .resource_kind = row.Text("resource_kind"),
                       .resource_id = row.Text("resource_id"),
                       .operation = row.IdOf<OperationId>("operation_id"),
                       .principal = row.Text("principal"),
                       .correlation_id = row.Text("correlation_id"),
                       .at = row.Timestamp("at"),
                       .data_json = row.Text("data")});
  }
  return entries;
}

absl::StatusOr<std::int64_t> LastLogNumber(platform::Transaction& tx, const TenantId& tenant) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT coalesce((SELECT last_number FROM tenant_counters WHERE tenant_id = $1), 0) AS number",
                  {tenant}, ""));
  return row.Int("number");
}

}  // namespace gpuaas::stores
