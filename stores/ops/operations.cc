#include "stores/ops/operations.h"

#include "domain/status_macros.h"

namespace gpuaas::stores {
namespace {

#define GPUAAS_OPERATION_COLUMNS                                                                             \
  "id, tenant_id, project_id, resource_kind, resource_id, kind, state, principal, correlation_id, request, " \
  "error_code, error_message, created_at, ended_at"

Operation FromRow(const platform::Row& row) {
  return Operation{.id = row.IdOf<OperationId>("id"),
                   .tenant = row.IdOf<TenantId>("tenant_id"),
                   .project = row.IdOf<ProjectId>("project_id"),
                   .resource_kind = row.Text("resource_kind"),
                   .resource_id = row.Text("resource_id"),
                   .kind = row.Text("kind"),
                   .state = row.Text("state"),
                   .principal = row.Text("principal"),
                   .correlation_id = row.Text("correlation_id"),
                   .request_json = row.Text("request"),
                   .error_code = row.Text("error_code"),
                   .error_message = row.Text("error_message"),
                   .created_at = row.Timestamp("created_at"),
                   .ended_at = row.OptionalTimestamp("ended_at")};
}

}  // namespace

absl::StatusOr<Operation> CreateOperation(platform::Transaction& tx, const NewOperation& operation) {
  const Caller& caller = operation.caller;
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("INSERT INTO operations (id, tenant_id, project_id, resource_kind, resource_id, kind, state, "
                  "principal, correlation_id, request, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, "
                  "$9, $10) RETURNING " GPUAAS_OPERATION_COLUMNS,
                  {operation.id, caller.tenant, caller.project, operation.resource_kind, operation.resource_id,
                   operation.kind, caller.principal, caller.correlation_id, operation.request_json, operation.now},
                  "the operation was not written"));
  return FromRow(row);
}

absl::StatusOr<Operation> GetOperation(platform::Transaction& tx, const OperationId& id) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT " GPUAAS_OPERATION_COLUMNS " FROM operations WHERE id = $1", {id}, "no such operation"));
  return FromRow(row);
}

absl::StatusOr<bool> FinishOperation(platform::Transaction& tx, const OperationId& id, const absl::Status& outcome,
                                     Time now) {
  const bool failed = !outcome.ok();
  GPUAAS_ASSIGN_OR_RETURN(
      const std::size_t written,
      tx.Execute("UPDATE operations SET state = $2, error_code = $3, error_message = $4, ended_at = $5 "
                 "WHERE id = $1 AND state = 'running'",
                 {id, failed ? "failed" : "succeeded", failed ? InfoOf(ErrorCodeOf(outcome)).name : std::string_view(),
                  ToStd(outcome.message()), now}));
  if (written > 0) return true;
  GPUAAS_RETURN_IF_ERROR(GetOperation(tx, id).status());
  return false;
}

absl::StatusOr<std::vector<Operation>> ListOperationsOf(platform::Transaction& tx, const std::string& resource_kind,
                                                        const std::string& resource_id) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows rows,
                          tx.Query("SELECT " GPUAAS_OPERATION_COLUMNS
                                   " FROM operations WHERE resource_kind = $1 AND resource_id = $2 ORDER BY id",
                                   {resource_kind, resource_id}));
  std::vector<Operation> operations;
  for (const platform::Row& row : rows) operations.push_back(FromRow(row));
  return operations;
}

absl::StatusOr<OperationPage> ListOperations(platform::Transaction& tx, const OperationFilter& filter) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::Rows rows,
                          tx.Query("SELECT " GPUAAS_OPERATION_COLUMNS
                                   " FROM operations WHERE id < coalesce($1, '~') AND ($2 = '' OR state = $2) AND "
                                   "($3 = '' OR resource_kind = $3) ORDER BY id DESC LIMIT $4",
                                   {filter.before, filter.state, filter.resource_kind, filter.limit + 1}));
  OperationPage page;
  for (const platform::Row& row : rows) page.items.push_back(FromRow(row));
  if (static_cast<int>(page.items.size()) > filter.limit) {
    page.items.pop_back();
    page.next = page.items.back().id;
  }
  return page;
}

}  // namespace gpuaas::stores
