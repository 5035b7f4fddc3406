#include "stores/ops/items.h"

#include "domain/status_macros.h"

namespace gpuaas::stores {

absl::StatusOr<OpsItemId> RaiseOpsItem(platform::Transaction& tx, const OpsItem& item, Time now) {
  const OpsItemId id = item.id.empty() ? OpsItemId::New(now) : item.id;
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("INSERT INTO ops_items AS i (id, tenant_id, severity, kind, title, resource_kind, resource_id, "
                  "workflow_id, runbook, detail, times, opened_at, last_raised_at) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11) "
                  "ON CONFLICT (kind, resource_kind, resource_id) WHERE closed_at IS NULL DO UPDATE SET "
                  "severity = excluded.severity, title = excluded.title, detail = excluded.detail, "
                  "times = i.times + 1, last_raised_at = excluded.last_raised_at RETURNING id",
                  {id, item.tenant, item.severity, item.kind, item.title, item.resource_kind, item.resource_id,
                   item.workflow_id, item.runbook, item.detail, now},
                  "the ops item was not written"));
  return row.IdOf<OpsItemId>("id");
}

absl::StatusOr<bool> CloseOpsItem(platform::Transaction& tx, const std::string& kind, const std::string& resource_kind,
                                  const std::string& resource_id, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const std::size_t written,
                          tx.Execute("UPDATE ops_items SET closed_at = $4 WHERE kind = $1 AND resource_kind = $2 AND "
                                     "resource_id = $3 AND closed_at IS NULL",
                                     {kind, resource_kind, resource_id, now}));
  return written > 0;
}

absl::StatusOr<std::vector<OpsItem>> ListOpsItems(platform::Transaction& tx, bool with_closed, int limit) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT id, tenant_id, severity, kind, title, resource_kind, resource_id, workflow_id, runbook, detail, "
               "times, opened_at, last_raised_at, closed_at FROM ops_items WHERE $1 OR closed_at IS NULL "
               "ORDER BY id DESC LIMIT $2",
               {with_closed, limit}));
  std::vector<OpsItem> items;
  for (const platform::Row& row : rows) {
    items.push_back({.id = row.IdOf<OpsItemId>("id"),
                     .tenant = row.IdOf<TenantId>("tenant_id"),
                     .severity = row.Text("severity"),
                     .kind = row.Text("kind"),
                     .title = row.Text("title"),
                     .resource_kind = row.Text("resource_kind"),
                     .resource_id = row.Text("resource_id"),
                     .workflow_id = row.Text("workflow_id"),
                     .runbook = row.Text("runbook"),
                     .detail = row.Text("detail"),
                     .times = static_cast<int>(row.Int("times")),
                     .opened_at = row.Timestamp("opened_at"),
                     .last_raised_at = row.Timestamp("last_raised_at"),
                     .closed_at = row.OptionalTimestamp("closed_at")});
  }
  return items;
}

}  // namespace gpuaas::stores
