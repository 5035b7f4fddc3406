#include "stores/nodes/rows.h"

#include <nlohmann/json.hpp>

#include "domain/status_macros.h"
#include "stores/ops/tenant_log.h"

namespace gpuaas::stores {

absl::Status ApplyInventory(platform::Transaction& tx, const NodeId& node, const NodeInventory& inventory, Time now) {
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("UPDATE nodes SET inventory_digest = $2, inventory_source = $3, driver_version = $4, cpus = $5, "
               "memory_bytes = $6, updated_at = $7 WHERE id = $1",
               {node, inventory.digest, inventory.source, inventory.driver_version, inventory.cpus,
                inventory.memory_bytes, now})
          .status());
  std::vector<std::string> present;
  for (const NodeGpu& gpu : inventory.gpus) {
    GPUAAS_RETURN_IF_ERROR(
        tx.Query("INSERT INTO gpus (node_id, uuid, index, model, memory_bytes, device_path, present) "
                 "VALUES ($1, $2, $3, $4, $5, $6, true) ON CONFLICT (node_id, uuid) DO UPDATE SET "
                 "index = excluded.index, model = excluded.model, memory_bytes = excluded.memory_bytes, "
                 "device_path = excluded.device_path, present = true",
                 {node, gpu.uuid, gpu.index, gpu.model, gpu.memory_bytes, gpu.device_path})
            .status());
    present.push_back(gpu.uuid);
  }
  return tx
      .Query("UPDATE gpus SET present = false WHERE node_id = $1 AND present AND uuid <> ALL ($2::text[])",
             {node, present})
      .status();
}

void LogNode(platform::Transaction& tx, const NodeId& node, const std::string& name, std::string_view what,
             const std::string& reason, const OperationId& operation, const Caller& caller, Time now) {
  nlohmann::json data = {{"node_id", node.str()}, {"name", name}};
  if (!reason.empty()) data["reason"] = reason;
  Caller platform_caller = caller;
  platform_caller.tenant = PlatformTenant();
  platform_caller.project = ProjectId();
  AppendLog(tx, {.caller = std::move(platform_caller),
                 .type = "node." + std::string(what),
                 .resource_kind = "node",
                 .resource_id = node,
                 .operation = operation,
                 .data_json = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                 .now = now});
}

Caller SystemCaller() { return Caller{.tenant = PlatformTenant(), .principal = "system"}; }

}  // namespace gpuaas::stores
