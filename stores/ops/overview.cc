#include "stores/ops/overview.h"

#include "domain/status_macros.h"

namespace gpuaas::stores {

absl::StatusOr<Overview> GetOverview(platform::Transaction& tx) {
  Overview overview;
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows allocations,
                          tx.Query("SELECT state, count(*) AS count FROM allocations WHERE state NOT IN ('released', "
                                   "'failed') GROUP BY state"));
  for (const platform::Row& row : allocations) overview.allocations_by_state[row.Text("state")] = row.Int("count");
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows nodes,
                          tx.Query("SELECT CASE WHEN contact = 'ok' THEN state ELSE contact END AS state, count(*) AS "
                                   "count FROM nodes WHERE state <> 'reclaimed' GROUP BY 1"));
  for (const platform::Row& row : nodes) overview.nodes_by_state[row.Text("state")] = row.Int("count");
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT (SELECT count(*) FROM gpus g JOIN nodes n ON n.id = g.node_id WHERE g.present AND n.state <> "
                  "'reclaimed') AS gpus_total, (SELECT count(*) FROM gpu_assignments WHERE released_at IS NULL) AS "
                  "gpus_assigned, (SELECT coalesce(sum(gpus), 0) FROM allocations WHERE state = 'queued') AS "
                  "queued_gpus, (SELECT count(*) FROM ops_items WHERE closed_at IS NULL) AS open_items, (SELECT "
                  "count(*) FROM outbox WHERE sent_at IS NULL) AS outbox_unsent, (SELECT count(*) FROM operations "
                  "WHERE state = 'running') AS running_operations",
                  {}, ""));
  overview.gpus_total = row.Int("gpus_total");
  overview.gpus_assigned = row.Int("gpus_assigned");
  overview.queued_gpus = row.Int("queued_gpus");
  overview.open_items = row.Int("open_items");
  overview.outbox_unsent = row.Int("outbox_unsent");
  overview.running_operations = row.Int("running_operations");
  return overview;
}

}  // namespace gpuaas::stores
