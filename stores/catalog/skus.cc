#include "stores/catalog/skus.h"

#include "domain/status_macros.h"

namespace gpuaas::stores {
namespace {

#define GPUAAS_SKU_SELECT                                                                                        \
  "SELECT s.name, s.description, s.gpu_model, s.gpu_memory_gib, s.gpus_min, s.gpus_max, s.gpus_step, "           \
  "s.cpus_per_gpu, s.memory_gib_per_gpu, array(SELECT o.region FROM sku_offers o WHERE o.sku = s.name ORDER BY " \
  "o.region) AS regions FROM skus s "

int Small(const platform::Row& row, const char* column) { return static_cast<int>(row.Int(column)); }

domain::Sku FromRow(const platform::Row& row) {
  return domain::Sku{.name = row.Text("name"),
                     .description = row.Text("description"),
                     .gpu_model = row.Text("gpu_model"),
                     .gpu_memory_gib = Small(row, "gpu_memory_gib"),
                     .gpus_min = Small(row, "gpus_min"),
                     .gpus_max = Small(row, "gpus_max"),
                     .gpus_step = Small(row, "gpus_step"),
                     .cpus_per_gpu = Small(row, "cpus_per_gpu"),
                     .memory_gib_per_gpu = Small(row, "memory_gib_per_gpu"),
                     .regions = row.TextArray("regions")};
}

}  // namespace

absl::StatusOr<std::vector<domain::Sku>> ListSkus(platform::Transaction& tx, const std::string& region) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query(GPUAAS_SKU_SELECT "WHERE $1 = '' OR EXISTS (SELECT FROM sku_offers o WHERE o.sku = s.name AND "
                                 "o.region = $1) ORDER BY s.name",
               {region}));
  std::vector<domain::Sku> skus;
  for (const platform::Row& row : rows) skus.push_back(FromRow(row));
  return skus;
}

absl::StatusOr<domain::Sku> GetSku(platform::Transaction& tx, const std::string& name) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows rows, tx.Query(GPUAAS_SKU_SELECT "WHERE s.name = $1", {name}));
  if (rows.empty()) return MakeError(ErrorCode::kUnknownSku, "no such SKU in the catalog");
  return FromRow(rows[0]);
}

absl::Status PutSku(platform::Transaction& tx, const domain::Sku& sku, Time now) {
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("INSERT INTO skus (name, description, gpu_model, gpu_memory_gib, gpus_min, gpus_max, gpus_step, "
               "cpus_per_gpu, memory_gib_per_gpu, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
               "ON CONFLICT (name) DO UPDATE SET description = excluded.description, gpu_model = excluded.gpu_model, "
               "gpu_memory_gib = excluded.gpu_memory_gib, gpus_min = excluded.gpus_min, gpus_max = excluded.gpus_max, "
               "gpus_step = excluded.gpus_step, cpus_per_gpu = excluded.cpus_per_gpu, "
               "memory_gib_per_gpu = excluded.memory_gib_per_gpu, updated_at = excluded.updated_at",
               {sku.name, sku.description, sku.gpu_model, sku.gpu_memory_gib, sku.gpus_min, sku.gpus_max, sku.gpus_step,
                sku.cpus_per_gpu, sku.memory_gib_per_gpu, now})
          .status());
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("DELETE FROM sku_offers WHERE sku = $1 AND region <> ALL ($2::text[])", {sku.name, sku.regions})
          .status());
  return tx
      .Query("INSERT INTO sku_offers (sku, region) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
             {sku.name, sku.regions})
      .status();
}

absl::StatusOr<std::vector<Availability>> GetAvailability(platform::Transaction& tx) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT region, model, sum(total) AS total, sum(free) AS free, max(free) AS largest FROM ("
               "SELECT n.region, g.model, n.id, count(*) AS total, count(*) FILTER (WHERE a.id IS NULL) AS free "
               "FROM nodes n JOIN gpus g ON g.node_id = n.id AND g.present "
               "LEFT JOIN gpu_assignments a ON a.gpu_uuid = g.uuid AND a.released_at IS NULL "
               "WHERE n.state = 'active' AND n.contact = 'ok' GROUP BY n.region, g.model, n.id) AS by_node "
               "GROUP BY region, model ORDER BY region, model"));
  std::vector<Availability> availability;
  for (const platform::Row& row : rows) {
    availability.push_back({.region = row.Text("region"),
                            .gpu_model = row.Text("model"),
                            .total = Small(row, "total"),
                            .free = Small(row, "free"),
                            .largest_free_on_one_node = Small(row, "largest")});
  }
  return availability;
}

}  // namespace gpuaas::stores
