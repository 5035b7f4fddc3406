#include "stores/nodes/leftovers.h"

#include "domain/status_macros.h"
#include "stores/ops/items.h"

namespace gpuaas::stores {

absl::Status RaiseSandboxLeft(platform::Transaction& tx, const NodeId& node, const std::string& why, Time now) {
  OpsItem item;
  item.tenant = PlatformTenant();
  item.severity = "critical";
  item.kind = kSandboxLeft;
  item.title = "The node is in contact but keeps the sandbox of an allocation that has ended.";
  item.resource_kind = "node";
  item.resource_id = node;
  item.workflow_id = "node/" + node.str();
  item.runbook = "docs/runbooks/sandbox-left.md";
  item.detail = why;
  return RaiseOpsItem(tx, item, now).status();
}

absl::Status CloseSandboxLeft(platform::Transaction& tx, const NodeId& node, Time now) {
  return CloseOpsItem(tx, kSandboxLeft, "node", node, now).status();
}

absl::StatusOr<std::vector<NodeId>> ListNodesWithLeftovers(platform::Transaction& tx, const std::string& region,
                                                           std::chrono::seconds grace) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query(
          "SELECT n.id FROM nodes n JOIN node_heartbeats h ON h.node_id = n.id WHERE n.region = $1 AND n.contact = "
          "'ok' AND n.state <> 'reclaimed' AND (EXISTS (SELECT FROM jsonb_array_elements(h.sandboxes) s WHERE NOT "
          "EXISTS (SELECT FROM gpu_assignments a WHERE a.allocation_id = s->>'allocation_id' "
          "AND (a.released_at IS NULL OR a.released_at > h.at - $2::bigint * interval '1 second'))) OR EXISTS "
          "(SELECT FROM ops_items i WHERE i.kind = $3 AND i.resource_kind = 'node' AND i.resource_id = n.id AND "
          "i.closed_at IS NULL) AND NOT EXISTS (SELECT FROM gpu_assignments a JOIN allocations l ON l.id = "
          "a.allocation_id WHERE a.node_id = n.id AND a.released_at IS NULL AND l.state = 'releasing')) ORDER BY n.id",
          {region, static_cast<std::int64_t>(grace.count()), kSandboxLeft}));
  std::vector<NodeId> nodes;
  for (const platform::Row& row : rows) nodes.push_back(row.IdOf<NodeId>("id"));
  return nodes;
}

}  // namespace gpuaas::stores
