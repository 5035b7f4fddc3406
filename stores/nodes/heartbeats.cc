#include "stores/nodes/heartbeats.h"

#include <algorithm>

#include "domain/status_macros.h"
#include "stores/billing/usage.h"
#include "stores/nodes/rows.h"
#include "stores/ops/items.h"

namespace gpuaas::stores {

using domain::NodeContact;

namespace {

constexpr std::chrono::seconds kPulseGap{15};
constexpr char kRegionSilent[] = "region_silent";

struct Pulse {
  Time at;
  Time up_since;
};

absl::StatusOr<std::optional<Pulse>> GetPulse(platform::Transaction& tx, const std::string& component) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows rows,
                          tx.Query("SELECT at, up_since FROM control_pulses WHERE component = $1", {component}));
  if (rows.empty()) return std::nullopt;
  return Pulse{.at = rows[0].Timestamp("at"), .up_since = rows[0].Timestamp("up_since")};
}

// Since when all of them have been beating, `now` if one of them is not.
absl::StatusOr<Time> CountingFrom(platform::Transaction& tx, const std::vector<std::string>& components, Time now) {
  Time from = Time::min();
  for (const std::string& component : components) {
    GPUAAS_ASSIGN_OR_RETURN(const std::optional<Pulse> pulse, GetPulse(tx, component));
    if (!pulse || now - pulse->at > kPulseGap) return now;
    from = std::max(from, pulse->up_since);
  }
  return from;
}

// The nodes of a region whose loss is still open, taken together.
struct Company {
  int nodes = 0;
  Time heard = Time::min();  // the freshest heartbeat of any

  // A single node has nobody to vouch for the way to it.
  bool vouches() const { return nodes > 1; }
  bool silent(const domain::ContactPolicy& policy, Time now) const { return now - heard >= policy.late_after; }
};

Company CompanyOf(const platform::Rows& rows) {
  Company company;
  for (const platform::Row& row : rows) {
    if (row.Text("contact") == domain::NameOf(NodeContact::kLost)) continue;
    ++company.nodes;
    company.heard = std::max(company.heard, row.Timestamp("heard"));
  }
  return company;
}

// As long as any node of the region is heard the way to the others works, and their silence is their own. When all fall
// silent together it is rather the way: they become late, but none is lost before one has come back and the others had
// their time again.
absl::StatusOr<Time> LosingFrom(platform::Transaction& tx, const std::string& region, const Company& company,
                                const domain::ContactPolicy& policy, Time counting_from, Time now) {
  if (!company.vouches()) return counting_from;
  const std::string component = "heard/" + region;
  if (!company.silent(policy, now)) GPUAAS_RETURN_IF_ERROR(RecordPulse(tx, component, now));
  GPUAAS_ASSIGN_OR_RETURN(const Time heard_since, CountingFrom(tx, {component}, now));
  return std::max(counting_from, heard_since);
}

absl::Status RaiseSilence(platform::Transaction& tx, const std::string& region, const Company& company, Time now) {
  return RaiseOpsItem(tx,
                      {.tenant = PlatformTenant(),
                       .severity = "critical",
                       .kind = kRegionSilent,
                       .title = "All nodes of the region fell silent together; none of them is given up by itself.",
                       .resource_kind = "region",
                       .resource_id = region,
                       .workflow_id = "region-watch/" + region,
                       .runbook = "docs/runbooks/region-silent.md",
                       .detail = "last heartbeat of any at " + FormatTime(company.heard)},
                      now)
      .status();
}

}  // namespace

absl::StatusOr<HeartbeatResult> RecordHeartbeat(platform::Transaction& tx, const Heartbeat& heartbeat) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row node,
      tx.QueryOne("SELECT n.name, n.state, n.agent_version, n.inventory_digest, h.boot_id FROM nodes "
                  "n LEFT JOIN node_heartbeats h ON h.node_id = n.id WHERE n.id = $1",
                  {heartbeat.node}, "no such node"));
  HeartbeatResult result;
  result.state = domain::NodeStateFromName(node.Text("state")).value();
  if (result.state == domain::NodeState::kReclaimed) {
    return MakeError(ErrorCode::kInvalidState, "the node was reclaimed", R"({"state":"reclaimed"})");
  }
  result.rebooted = !node.IsNull("boot_id") && node.Text("boot_id") != heartbeat.boot_id;
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("INSERT INTO node_heartbeats AS h (node_id, at, boot_id, sandboxes, evidence_head) VALUES ($1, $2, $3, "
               "$4, $5) ON CONFLICT (node_id) DO UPDATE SET at = excluded.at, boot_id = excluded.boot_id, "
               "sandboxes = excluded.sandboxes, evidence_head = excluded.evidence_head WHERE h.at <= excluded.at",
               {heartbeat.node, heartbeat.now, heartbeat.boot_id, heartbeat.sandboxes_json, heartbeat.evidence_head})
          .status());
  GPUAAS_RETURN_IF_ERROR(ProveUsage(tx, heartbeat.node, heartbeat.sandboxes_json, heartbeat.now));
  std::string known_digest = node.Text("inventory_digest");
  if (heartbeat.inventory) {
    NodeInventory inventory = *heartbeat.inventory;
    inventory.digest = known_digest = heartbeat.inventory_digest;
    GPUAAS_RETURN_IF_ERROR(ApplyInventory(tx, heartbeat.node, inventory, heartbeat.now));
  }
  if (node.Text("agent_version") != heartbeat.agent_version) {
    GPUAAS_RETURN_IF_ERROR(
        tx.Query("UPDATE nodes SET agent_version = $2 WHERE id = $1", {heartbeat.node, heartbeat.agent_version})
            .status());
  }
  result.inventory_wanted = known_digest != heartbeat.inventory_digest;
  if (result.state == domain::NodeState::kEnrolled && !result.inventory_wanted) {
    GPUAAS_ASSIGN_OR_RETURN(const Node active, SetNodeState(tx, heartbeat.node, domain::NodeState::kActive,
                                                            OperationId(), "", SystemCaller(), heartbeat.now));
    result.state = active.state;
    result.activated = true;
  }
  return result;
}

absl::StatusOr<std::optional<LastHeartbeat>> GetLastHeartbeat(platform::Transaction& tx, const NodeId& node) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT at, boot_id, sandboxes, evidence_head FROM node_heartbeats WHERE node_id = $1", {node}));
  if (rows.empty()) return std::nullopt;
  return LastHeartbeat{.at = rows[0].Timestamp("at"),
                       .boot_id = rows[0].Text("boot_id"),
                       .sandboxes_json = rows[0].Text("sandboxes"),
                       .evidence_head = rows[0].Int("evidence_head")};
}

absl::Status RecordPulse(platform::Transaction& tx, const std::string& component, Time now) {
  return tx
      .Query(
          "INSERT INTO control_pulses AS p (component, at, up_since) VALUES ($1, $2, $2) ON CONFLICT (component) DO "
          "UPDATE SET at = greatest(p.at, excluded.at), up_since = CASE WHEN p.at < $3 THEN excluded.at ELSE "
          "p.up_since END",
          {component, now, now - kPulseGap})
      .status();
}

absl::StatusOr<std::vector<ContactChange>> SweepContacts(platform::Transaction& tx, const std::string& region,
                                                         const domain::ContactPolicy& policy, Time now) {
  const std::string component = "sweep/" + region;
  GPUAAS_RETURN_IF_ERROR(RecordPulse(tx, component, now));
  GPUAAS_ASSIGN_OR_RETURN(const Time counting_from, CountingFrom(tx, {"api", component}, now));
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT n.id, n.name, n.contact, coalesce(h.at, n.enrolled_at) AS heard FROM nodes n LEFT JOIN "
               "node_heartbeats h ON h.node_id = n.id WHERE n.region = $1 AND n.state <> 'reclaimed' ORDER BY n.id "
               "FOR UPDATE OF n",
               {region}));
  const Company company = CompanyOf(rows);
  GPUAAS_ASSIGN_OR_RETURN(const Time losing_from, LosingFrom(tx, region, company, policy, counting_from, now));
  std::vector<ContactChange> changes;
  for (const platform::Row& row : rows) {
    const auto from = domain::NodeContactFromName(row.Text("contact")).value();
    const Time heard = row.Timestamp("heard");
    auto to = domain::NextContact(policy, from, heard, counting_from, now);
    if (to == NodeContact::kLost)
      to = std::max(domain::NextContact(policy, from, heard, losing_from, now), NodeContact::kLate);
    if (from == to) continue;
    const auto id = row.IdOf<NodeId>("id");
    GPUAAS_RETURN_IF_ERROR(
        tx.Query("UPDATE nodes SET contact = $2, updated_at = $3 WHERE id = $1", {id, domain::NameOf(to), now})
            .status());
    LogNode(tx, id, row.Text("name"), to == NodeContact::kOk ? "back" : domain::NameOf(to), "", OperationId(),
            SystemCaller(), now);
    changes.push_back({.node = id, .from = from, .to = to, .last_heartbeat_at = heard});
  }
  const auto became = [&](NodeContact contact) {
    return std::ranges::find(changes, contact, &ContactChange::to) != changes.end();
  };
  if (became(NodeContact::kLate) && company.vouches() && company.silent(policy, now)) {
    GPUAAS_RETURN_IF_ERROR(RaiseSilence(tx, region, company, now));
  }
  if (became(NodeContact::kOk)) {
    GPUAAS_RETURN_IF_ERROR(CloseOpsItem(tx, kRegionSilent, "region", region, now).status());
  }
  return changes;
}

}  // namespace gpuaas::stores
