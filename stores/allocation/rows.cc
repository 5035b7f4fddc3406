#include "stores/allocation/rows.h"

#include <nlohmann/json.hpp>

#include "domain/status_macros.h"
#include "stores/ops/tenant_log.h"

namespace gpuaas::stores {

Allocation AllocationFrom(const platform::Row& row) {
  Allocation result;
  result.id = row.IdOf<AllocationId>("id");
  result.tenant = row.IdOf<TenantId>("tenant_id");
  result.project = row.IdOf<ProjectId>("project_id");
  result.name = row.Text("name");
  result.sku = row.Text("sku");
  result.region = row.Text("region");
  result.gpus = static_cast<int>(row.Int("gpus"));
  result.ssh_key_ids = row.TextArray("ssh_key_ids");
  result.created_by = row.Text("created_by");
  result.state = domain::AllocationStateFromName(row.Text("state")).value();  // the schema holds it to the names
  result.operation = row.IdOf<OperationId>("operation_id");
  result.driving_operation = row.IdOf<OperationId>("driving_operation_id");
  result.release_operation = row.IdOf<OperationId>("release_operation_id");
  result.correlation_id = row.Text("correlation_id");
  result.lease = std::chrono::seconds(row.Int("lease_seconds"));
  result.lease_expires_at = row.OptionalTimestamp("lease_expires_at");
  result.node = row.IdOf<NodeId>("node_id");
  result.node_name = row.Text("node_name");
  if (!row.IsNull("ssh_host")) {
    result.endpoint = SshEndpoint{.host = row.Text("ssh_host"),
                                  .port = static_cast<int>(row.Int("ssh_port")),
                                  .user = row.Text("ssh_user"),
                                  .host_public_key = row.TextOrEmpty("ssh_host_key"),
                                  .host_key_fingerprint = row.TextOrEmpty("ssh_fingerprint")};
  }
  result.reason = row.Text("reason");
  result.error_code = row.Text("error_code");
  result.created_at = row.Timestamp("created_at");
  result.updated_at = row.Timestamp("updated_at");
  result.queued_at = row.OptionalTimestamp("queued_at");
  result.activated_at = row.OptionalTimestamp("activated_at");
  result.ended_at = row.OptionalTimestamp("ended_at");
  return result;
}

absl::StatusOr<Allocation> LockAllocation(platform::Transaction& tx, const AllocationId& id) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                          tx.QueryOne("SELECT " GPUAAS_ALLOCATION_COLUMNS " FROM allocations WHERE id = $1 FOR UPDATE",
                                      {id}, "no such allocation"));
  return AllocationFrom(row);
}

absl::Status WrongState(const Allocation& allocation, const std::string& message) {
  return MakeError(
      ErrorCode::kInvalidState, message,
      nlohmann::json{{"state", domain::NameOf(allocation.state)}, {"operation_id", allocation.driving_operation.str()}}
          .dump());
}

void LogAllocation(platform::Transaction& tx, const Allocation& allocation, std::string_view what,
                   const OperationId& operation, const std::string& principal, Time now) {
  nlohmann::json data = {{"allocation_id", allocation.id.str()},
                         {"state", domain::NameOf(allocation.state)},
                         {"sku", allocation.sku},
                         {"gpus", allocation.gpus},
                         {"region", allocation.region}};
  if (!allocation.node_name.empty()) data["node"] = allocation.node_name;
  if (!allocation.reason.empty()) data["reason"] = allocation.reason;
  if (!allocation.error_code.empty()) data["error_code"] = allocation.error_code;
  if (allocation.lease_expires_at) data["lease_expires_at"] = FormatTime(*allocation.lease_expires_at);
  AppendLog(tx, {.caller = {.tenant = allocation.tenant,
                            .project = allocation.project,
                            .principal = principal,
                            .correlation_id = allocation.correlation_id},
                 .type = "allocation." + std::string(what),
                 .resource_kind = "allocation",
                 .resource_id = allocation.id,
                 .operation = operation,
                 .data_json = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                 .now = now});
}

}  // namespace gpuaas::stores
