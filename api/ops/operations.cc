#include "api/ops/operations.h"

#include "domain/status.h"
#include "domain/status_macros.h"
#include "stores/ops/operations.h"

namespace gpuaas::api {
namespace {

using domain::Permission;
using Json = nlohmann::json;

absl::StatusOr<stores::Operation> Find(Services& services, const platform::Scope& scope, const OperationId& id) {
  return services.database.TransactFor<stores::Operation>(
      scope, [&](platform::Transaction& tx) { return stores::GetOperation(tx, id); });
}

Json OperationJson(const stores::Operation& operation, const Principal& reader) {
  Json error = nullptr;
  if (!operation.error_code.empty()) {
    error = {{"code", operation.error_code},
             {"message", CauseFor(reader, operation.error_code, operation.error_message)}};
  }
  return {{"id", operation.id.str()},
          {"kind", operation.kind},
          {"resource_kind", operation.resource_kind},
          {"resource_id", operation.resource_id},
          {"workflow_id", operation.resource_kind + "/" + operation.resource_id},
          {"state", operation.state},
          {"error", error},
          {"requested_by", operation.principal},
          {"correlation_id", operation.correlation_id},
          {"created_at", JsonOf(operation.created_at)},
          {"ended_at", JsonOf(operation.ended_at)}};
}

}  // namespace

absl::StatusOr<platform::Response> GetOperation(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(OperationId id, IdFromPath<OperationId>(call, "operation_id"));
  absl::StatusOr<stores::Operation> found = Find(services, call.access.RowScope(), id);
  // Nodes are the platform's, whichever tenant the request names.
  if (!found.ok() && ErrorCodeOf(found.status()) == ErrorCode::kNotFound) {
    found = Find(services, platform::TenantScope{PlatformTenant()}, id);
  }
  if (!found.ok()) return found.status();
  const Permission read = found->resource_kind == "node" ? Permission::kNodeRead : Permission::kAllocationRead;
  // In the words for what there is not.
  if (!call.access.RequireFor(read, read, found->tenant, found->project).ok()) {
    return MakeError(ErrorCode::kNotFound, "no such operation");
  }
  return JsonResponse(200, OperationJson(*found, call.access.principal));
}

}  // namespace gpuaas::api
