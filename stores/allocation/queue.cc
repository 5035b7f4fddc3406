#include "stores/allocation/queue.h"

#include <algorithm>
#include <map>

#include "domain/allocation/queue.h"
#include "domain/status_macros.h"

namespace gpuaas::stores {
namespace {

absl::StatusOr<std::map<ProjectId, int>> HeldGpus(platform::Transaction& tx, const std::string& region) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT l.project_id, count(*) AS gpus FROM gpu_assignments a JOIN allocations l ON l.id = "
               "a.allocation_id WHERE a.released_at IS NULL AND l.region = $1 GROUP BY l.project_id",
               {region}));
  std::map<ProjectId, int> held;
  for (const platform::Row& row : rows) held[row.IdOf<ProjectId>("project_id")] = static_cast<int>(row.Int("gpus"));
  return held;
}

}  // namespace

absl::StatusOr<std::vector<QueueEntry>> LoadQueue(platform::Transaction& tx, const std::string& region) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT id, tenant_id, project_id, sku, gpus, queued_at FROM allocations WHERE state = 'queued' AND "
               "region = $1 AND release_operation_id IS NULL AND NOT EXISTS (SELECT FROM gpu_assignments a WHERE "
               "a.allocation_id = allocations.id AND a.released_at IS NULL)",
               {region}));
  std::map<AllocationId, QueueEntry> entries;
  std::vector<domain::Waiting> waiting;
  for (const platform::Row& row : rows) {
    QueueEntry entry{.id = row.IdOf<AllocationId>("id"),
                     .tenant = row.IdOf<TenantId>("tenant_id"),
                     .project = row.IdOf<ProjectId>("project_id"),
                     .sku = row.Text("sku"),
                     .gpus = static_cast<int>(row.Int("gpus")),
                     .queued_at = row.Timestamp("queued_at")};
    waiting.push_back({entry.id, entry.project, entry.gpus, entry.queued_at});
    entries.emplace(entry.id, std::move(entry));
  }
  GPUAAS_ASSIGN_OR_RETURN(const auto held, HeldGpus(tx, region));
  std::vector<QueueEntry> queue;
  for (const domain::Waiting& each : domain::OrderQueue(std::move(waiting), held)) {
    queue.push_back(std::move(entries.at(each.id)));
    queue.back().position = static_cast<int>(queue.size());
  }
  return queue;
}

absl::StatusOr<int> QueuePosition(platform::Transaction& tx, const AllocationId& id) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows rows,
                          tx.Query("SELECT region FROM allocations WHERE id = $1 AND state = 'queued'", {id}));
  if (rows.empty()) return 0;
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<QueueEntry> queue, LoadQueue(tx, rows[0].Text("region")));
  const auto found = std::ranges::find(queue, id, &QueueEntry::id);
  return found == queue.end() ? 0 : found->position;
}

}  // namespace gpuaas::stores
