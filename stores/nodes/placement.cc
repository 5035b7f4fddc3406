#include "stores/nodes/placement.h"

#include <algorithm>
#include <map>

#include "domain/allocation/placement.h"
#include "domain/status_macros.h"
#include "stores/allocation/allocations.h"
#include "stores/allocation/queue.h"
#include "stores/catalog/skus.h"

namespace gpuaas::stores {
namespace {

constexpr std::int64_t kGibibyte = 1LL << 30;

// Nodes of all regions, so that an explanation can count those that are elsewhere.
absl::StatusOr<std::vector<domain::PlacementNode>> LoadNodes(platform::Transaction& tx) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query(
          "SELECT n.id, n.region, n.state, n.contact, coalesce(min(g.model), '') AS model, count(g.uuid) AS total, "
          "coalesce(array_agg(g.uuid ORDER BY g.index, g.uuid) FILTER (WHERE g.uuid IS NOT NULL AND a.id IS "
          "NULL), '{}') AS free FROM nodes n LEFT JOIN gpus g ON g.node_id = n.id AND g.present LEFT JOIN "
          "gpu_assignments a ON a.gpu_uuid = g.uuid AND a.released_at IS NULL WHERE "
          "n.state <> 'reclaimed' GROUP BY n.id ORDER BY n.id"));
  std::vector<domain::PlacementNode> nodes;
  for (const platform::Row& row : rows) {
    nodes.push_back({.id = row.IdOf<NodeId>("id"),
                     .region = row.Text("region"),
                     .state = domain::NodeStateFromName(row.Text("state")).value(),
                     .contact = domain::NodeContactFromName(row.Text("contact")).value(),
                     .gpu_model = row.Text("model"),
                     .gpus_total = static_cast<int>(row.Int("total")),
                     .free_gpus = row.TextArray("free")});
  }
  return nodes;
}

// Takes the GPUs that waiting allocations before `own` would get off `nodes`: nobody overtakes the queue, but what they
// can't use is free for others.
absl::Status SetAsideForQueue(platform::Transaction& tx, const Allocation& own,
                              std::vector<domain::PlacementNode>& nodes) {
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<QueueEntry> queue, LoadQueue(tx, own.region));
  std::map<std::string, std::string> models;
  for (const QueueEntry& entry : queue) {
    if (entry.id == own.id) break;
    if (!models.contains(entry.sku)) {
      GPUAAS_ASSIGN_OR_RETURN(const domain::Sku sku, GetSku(tx, entry.sku));
      models[entry.sku] = sku.gpu_model;
    }
    const auto result =
        domain::Place(nodes, {.region = own.region, .gpu_model = models[entry.sku], .gpus = entry.gpus});
    if (!result.placement) continue;
    auto& free = std::ranges::find(nodes, result.placement->node, &domain::PlacementNode::id)->free_gpus;
    free.erase(free.begin(), free.begin() + entry.gpus);  // Place takes the first ones
  }
  return absl::OkStatus();
}

// Whether the node still takes allocations; holds it so until the end of the transaction. What Place saw may be old: a
// drain that counted nothing in the meantime must not get an allocation after it.
absl::StatusOr<bool> HoldSchedulable(platform::Transaction& tx, const NodeId& node) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT state, contact FROM nodes WHERE id = $1 FOR SHARE", {node}, "no such node"));
  return domain::IsSchedulable(domain::NodeStateFromName(row.Text("state")).value(),
                               domain::NodeContactFromName(row.Text("contact")).value());
}

absl::Status Assign(platform::Transaction& tx, const Allocation& allocation, const ReserveRequest& request,
                    const domain::Placement& placement) {
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("INSERT INTO gpu_assignments (tenant_id, allocation_id, operation_id, node_id, gpu_uuid, assigned_at) "
               "SELECT $1, $2, $3, $4, unnest($5::text[]), $6::timestamptz",
               {allocation.tenant, allocation.id, request.operation, placement.node, placement.gpus, request.now})
          .status());
  return tx
      .Query(
          "UPDATE allocations SET node_id = $2, node_name = (SELECT name FROM nodes WHERE id = $2), updated_at = $3 "
          "WHERE id = $1",
          {allocation.id, placement.node, request.now})
      .status();
}

}  // namespace

absl::StatusOr<Reservation> ReserveGpus(platform::Transaction& tx, const ReserveRequest& request) {
  GPUAAS_ASSIGN_OR_RETURN(const Allocation allocation, GetAllocation(tx, request.allocation));
  // One placement at a time per region, so that each sees the assignments of the one before.
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("SELECT pg_advisory_xact_lock(hashtextextended('placement/' || $1, 0))", {allocation.region}).status());
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row locked,
      tx.QueryOne("SELECT state FROM allocations WHERE id = $1 FOR UPDATE", {allocation.id}, "no such allocation"));
  const auto state = domain::AllocationStateFromName(locked.Text("state")).value();
  if (domain::IsFinal(state) || state == domain::AllocationState::kReleasing) {
    return MakeError(ErrorCode::kInvalidState, "the allocation is ending",
                     R"({"state":")" + locked.Text("state") + R"("})");
  }
  absl::StatusOr<Reservation> existing = GetReservation(tx, request.allocation);
  if (existing.ok() || ErrorCodeOf(existing.status()) != ErrorCode::kNotFound) return existing;

  GPUAAS_ASSIGN_OR_RETURN(const domain::Sku sku, GetSku(tx, allocation.sku));
  GPUAAS_ASSIGN_OR_RETURN(std::vector<domain::PlacementNode> nodes, LoadNodes(tx));
  GPUAAS_RETURN_IF_ERROR(SetAsideForQueue(tx, allocation, nodes));
  domain::PlacementRequest wish{
      .region = allocation.region, .gpu_model = sku.gpu_model, .gpus = allocation.gpus, .excluded = request.excluded};
  domain::PlacementResult result;
  for (bool held = false; !held;) {
    result = domain::Place(nodes, wish);
    if (!result.placement) {
      return MakeError(ErrorCode::kNoCapacity, domain::Explain(result.counts, wish),
                       domain::CountsToJson(result.counts));
    }
    GPUAAS_ASSIGN_OR_RETURN(held, HoldSchedulable(tx, result.placement->node));
    if (!held) wish.excluded.push_back(result.placement->node);
  }
  GPUAAS_RETURN_IF_ERROR(Assign(tx, allocation, request, *result.placement));
  GPUAAS_ASSIGN_OR_RETURN(Reservation reservation, GetReservation(tx, request.allocation));
  reservation.explanation = reservation.node_name + " (" + std::to_string(result.counts.fit) + " of " +
                            std::to_string(result.counts.nodes) + (result.counts.nodes == 1 ? " node" : " nodes") +
                            " fit)";
  return reservation;
}

absl::StatusOr<Reservation> GetReservation(platform::Transaction& tx, const AllocationId& allocation) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT n.id, n.name, n.advertise_address, array_agg(a.gpu_uuid ORDER BY g.index, g.uuid) AS gpus, "
                  "count(*) * s.cpus_per_gpu AS cpus, count(*) * s.memory_gib_per_gpu AS memory_gib FROM "
                  "gpu_assignments a JOIN gpus g ON g.node_id = a.node_id AND g.uuid = a.gpu_uuid JOIN nodes n ON n.id "
                  "= a.node_id JOIN allocations l ON l.id = a.allocation_id JOIN skus s ON s.name = l.sku WHERE "
                  "a.allocation_id = $1 AND a.released_at IS NULL GROUP BY n.id, s.name",
                  {allocation}, "the allocation holds no GPUs"));
  return Reservation{.node = row.IdOf<NodeId>("id"),
                     .node_name = row.Text("name"),
                     .advertise_address = row.Text("advertise_address"),
                     .gpu_uuids = row.TextArray("gpus"),
                     .cpus = static_cast<int>(row.Int("cpus")),
                     .memory_bytes = row.Int("memory_gib") * kGibibyte,
                     .explanation = row.Text("name")};
}

absl::StatusOr<int> FreeGpus(platform::Transaction& tx, const AllocationId& allocation, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(
      const std::size_t freed,
      tx.Execute("UPDATE gpu_assignments SET released_at = $2 WHERE allocation_id = $1 AND released_at IS NULL",
                 {allocation, now}));
  return static_cast<int>(freed);
}

}  // namespace gpuaas::stores
