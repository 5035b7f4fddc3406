#include "stores/nodes/nodes.h"

#include <nlohmann/json.hpp>

#include "domain/status_macros.h"
#include "stores/nodes/rows.h"
#include "stores/ops/operations.h"

namespace gpuaas::stores {
namespace {

// Counts of GPUs come with each row: nodes have few, and both lookups are by index.
#define GPUAAS_NODE_SELECT                                                                                        \
  "SELECT n.id, n.name, n.region, n.state, n.contact, n.advertise_address, n.agent_version, n.inventory_digest, " \
  "n.inventory_source, n.driver_version, n.cpus, n.memory_bytes, n.certificate_serial, n.public_key, n.reason, "  \
  "n.operation_id, "                                                                                              \
  "n.enrolled_at, h.at AS last_heartbeat_at, h.boot_id, g.total, g.free, g.model FROM nodes n "                   \
  "LEFT JOIN node_heartbeats h ON h.node_id = n.id LEFT JOIN LATERAL (SELECT count(*) AS total, "                 \
  "count(*) FILTER (WHERE a.id IS NULL) AS free, min(model) AS model FROM gpus LEFT JOIN gpu_assignments a ON "   \
  "a.gpu_uuid = gpus.uuid AND a.released_at IS NULL WHERE gpus.node_id = n.id AND "                               \
  "gpus.present) g ON true "

Node FromRow(const platform::Row& row) {
  Node node;
  node.id = row.IdOf<NodeId>("id");
  node.name = row.Text("name");
  node.region = row.Text("region");
  node.state = domain::NodeStateFromName(row.Text("state")).value();  // the schema holds both to the names
  node.contact = domain::NodeContactFromName(row.Text("contact")).value();
  node.advertise_address = row.Text("advertise_address");
  node.agent_version = row.Text("agent_version");
  node.boot_id = row.TextOrEmpty("boot_id");
  node.inventory_digest = row.Text("inventory_digest");
  node.inventory_source = row.Text("inventory_source");
  node.driver_version = row.Text("driver_version");
  node.cpus = static_cast<int>(row.Int("cpus"));
  node.memory_bytes = row.Int("memory_bytes");
  node.gpus_total = static_cast<int>(row.Int("total"));
  node.gpus_free = static_cast<int>(row.Int("free"));
  node.gpu_model = row.TextOrEmpty("model");
  node.certificate_serial = row.Text("certificate_serial");
  node.public_key = row.Text("public_key");
  node.reason = row.Text("reason");
  node.operation = row.IdOf<OperationId>("operation_id");
  node.enrolled_at = row.Timestamp("enrolled_at");
  node.last_heartbeat_at = row.OptionalTimestamp("last_heartbeat_at");
  return node;
}

absl::StatusOr<std::vector<NodeGpu>> LoadGpus(platform::Transaction& tx, const NodeId& id) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT g.uuid, g.index, g.model, g.memory_bytes, g.device_path, g.present, a.allocation_id FROM gpus g "
               "LEFT JOIN gpu_assignments a ON a.gpu_uuid = g.uuid AND a.released_at IS NULL "
               "WHERE g.node_id = $1 ORDER BY g.index, g.uuid",
               {id}));
  std::vector<NodeGpu> gpus;
  for (const platform::Row& row : rows) {
    gpus.push_back({.uuid = row.Text("uuid"),
                    .index = static_cast<int>(row.Int("index")),
                    .model = row.Text("model"),
                    .memory_bytes = row.Int("memory_bytes"),
                    .device_path = row.Text("device_path"),
                    .present = row.Bool("present"),
                    .allocation = row.IdOf<AllocationId>("allocation_id")});
  }
  return gpus;
}

absl::Status CheckEmpty(platform::Transaction& tx, const NodeId& id, const std::string& state) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT count(*) AS n FROM gpu_assignments WHERE node_id = $1 AND released_at IS NULL", {id}, ""));
  if (row.Int("n") == 0) return absl::OkStatus();
  return MakeError(ErrorCode::kInvalidState, "the node still holds allocations",
                   nlohmann::json{{"state", state}, {"assigned_gpus", row.Int("n")}}.dump());
}

// The node has got beyond its enrolment, by its first heartbeat or by an order.
absl::Status EndEnrolment(platform::Transaction& tx, const NodeId& id, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<Operation> operations, ListOperationsOf(tx, "node", id));
  for (const Operation& operation : operations) {
    if (operation.kind != "enrol") continue;
    GPUAAS_RETURN_IF_ERROR(FinishOperation(tx, operation.id, absl::OkStatus(), now).status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Node> RegisterNode(platform::Transaction& tx, const NewNode& node) {
  GPUAAS_ASSIGN_OR_RETURN(
      const std::size_t written,
      tx.Execute(
          "INSERT INTO nodes (id, name, region, state, contact, advertise_address, certificate_serial, public_key, "
          "enrolled_at, updated_at) VALUES ($1, $2, $3, 'enrolled', 'ok', $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING",
          {node.id, node.name, node.region, node.advertise_address, node.certificate_serial, node.public_key,
           node.now}));
  if (written == 0) return MakeError(ErrorCode::kConflict, "a node of that name exists already");
  GPUAAS_RETURN_IF_ERROR(ApplyInventory(tx, node.id, node.inventory, node.now));
  LogNode(tx, node.id, node.name, "enrolled", "", OperationId(), node.caller, node.now);
  return GetNode(tx, node.id);
}

absl::StatusOr<Node> GetNode(platform::Transaction& tx, const NodeId& id) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                          tx.QueryOne(GPUAAS_NODE_SELECT "WHERE n.id = $1", {id}, "no such node"));
  Node node = FromRow(row);
  GPUAAS_ASSIGN_OR_RETURN(node.gpus, LoadGpus(tx, id));
  return node;
}

absl::StatusOr<NodePage> ListNodes(platform::Transaction& tx, const NodeFilter& filter) {
  const std::string prefix = filter.id_prefix.empty() ? std::string(NodeId::kPrefix) : filter.id_prefix;
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query(GPUAAS_NODE_SELECT "WHERE ($1 = '' OR n.region = $1) AND ($2 OR n.state <> 'reclaimed') AND n.id >= $3 "
                                  "AND n.id < $3 || '~' AND n.id < coalesce($4, '~') ORDER BY n.id DESC LIMIT $5",
               {filter.region, filter.with_reclaimed, prefix, filter.before, filter.limit + 1}));
  NodePage page;
  for (const platform::Row& row : rows) page.items.push_back(FromRow(row));
  if (static_cast<int>(page.items.size()) > filter.limit) {
    page.items.pop_back();
    page.next = page.items.back().id;
  }
  return page;
}

absl::StatusOr<Node> AcceptNodeOrder(platform::Transaction& tx, const NodeId& id, std::string_view order,
                                     domain::NodeState to, const OperationId& operation, const std::string& reason,
                                     const Caller& caller, Time now) {
  GPUAAS_RETURN_IF_ERROR(tx.QueryOne("SELECT FROM nodes WHERE id = $1 FOR UPDATE", {id}, "no such node").status());
  GPUAAS_ASSIGN_OR_RETURN(const Node node, GetNode(tx, id));
  if (node.state != to && !domain::CanTransition(node.state, to)) {
    const std::string state(domain::NameOf(node.state));
    return MakeError(ErrorCode::kInvalidState, "the node is " + state + ", which does not allow this",
                     nlohmann::json{{"state", state}}.dump());
  }
  LogNode(tx, id, node.name, std::string(order) + "_requested", reason, operation, caller, now);
  return node;
}

absl::StatusOr<Node> SetNodeState(platform::Transaction& tx, const NodeId& id, domain::NodeState to,
                                  const OperationId& operation, const std::string& reason, const Caller& caller,
                                  Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                          tx.QueryOne("SELECT state, name FROM nodes WHERE id = $1 FOR UPDATE", {id}, "no such node"));
  const domain::NodeState from = domain::NodeStateFromName(row.Text("state")).value();
  if (from == to) return GetNode(tx, id);
  if (!domain::CanTransition(from, to)) {
    return MakeError(ErrorCode::kInvalidState,
                     "a node that is " + row.Text("state") + " cannot become " + std::string(domain::NameOf(to)),
                     nlohmann::json{{"state", row.Text("state")}}.dump());
  }
  if (to == domain::NodeState::kReclaimed) GPUAAS_RETURN_IF_ERROR(CheckEmpty(tx, id, row.Text("state")));
  GPUAAS_RETURN_IF_ERROR(tx.Query("UPDATE nodes SET state = $2, reason = $3, operation_id = coalesce($4, "
                                  "operation_id), updated_at = $5 WHERE id = $1",
                                  {id, domain::NameOf(to), reason, operation, now})
                             .status());
  if (from == domain::NodeState::kEnrolled) GPUAAS_RETURN_IF_ERROR(EndEnrolment(tx, id, now));
  LogNode(tx, id, row.Text("name"), domain::NameOf(to), reason, operation, caller, now);
  return GetNode(tx, id);
}

absl::Status SetNodeCertificate(platform::Transaction& tx, const NodeId& id, const std::string& serial,
                                const std::string& public_key, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(
      const std::size_t written,
      tx.Execute("UPDATE nodes SET certificate_serial = $2, public_key = $3, updated_at = $4 WHERE id = $1",
                 {id, serial, public_key, now}));
  if (written == 0) return MakeError(ErrorCode::kNotFound, "no such node");
  return absl::OkStatus();
}

}  // namespace gpuaas::stores
