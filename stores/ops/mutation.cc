#include "stores/ops/mutation.h"

#include "domain/status_macros.h"

namespace gpuaas::stores {
namespace {

// Takes the key for this transaction: false if a living record has it. Waits for a transaction that is just taking it.
absl::StatusOr<bool> TakeKey(platform::Transaction& tx, const Mutation& mutation) {
  const Caller& caller = mutation.caller;
  GPUAAS_ASSIGN_OR_RETURN(
      const std::size_t written,
      tx.Execute(
          "INSERT INTO idempotency_records AS r (tenant_id, project_id, principal, api_operation, key, digest, "
          "created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
          "ON CONFLICT (tenant_id, project_id, principal, api_operation, key) DO UPDATE SET digest = excluded.digest, "
          "operation_id = NULL, http_status = NULL, answer = NULL, created_at = excluded.created_at, "
          "expires_at = excluded.expires_at WHERE r.expires_at <= excluded.created_at",
          {caller.tenant, caller.project.str(), caller.principal, mutation.api_operation, mutation.key, mutation.digest,
           mutation.now, mutation.now + mutation.keep}));
  return written > 0;
}

absl::StatusOr<Answer> StoredAnswer(platform::Transaction& tx, const Mutation& mutation) {
  const Caller& caller = mutation.caller;
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT digest, operation_id, http_status, answer FROM idempotency_records WHERE tenant_id = $1 AND "
                  "project_id = $2 AND principal = $3 AND api_operation = $4 AND key = $5",
                  {caller.tenant, caller.project.str(), caller.principal, mutation.api_operation, mutation.key},
                  "the idempotency record is gone"));
  if (row.Text("digest") != mutation.digest) {
    return MakeError(ErrorCode::kIdempotencyKeyReused, "this idempotency key was used with another request");
  }
  return Answer{.http_status = static_cast<int>(row.Int("http_status")),
                .body_json = row.Text("answer"),
                .operation = row.IdOf<OperationId>("operation_id"),
                .replayed = true};
}

}  // namespace

absl::StatusOr<Answer> Mutate(platform::Transaction& tx, const Mutation& mutation,
                              absl::FunctionRef<absl::StatusOr<Answer>(platform::Transaction&)> body) {
  GPUAAS_ASSIGN_OR_RETURN(const bool first, TakeKey(tx, mutation));
  if (!first) return StoredAnswer(tx, mutation);
  GPUAAS_ASSIGN_OR_RETURN(Answer answer, body(tx));
  const Caller& caller = mutation.caller;
  GPUAAS_RETURN_IF_ERROR(
      tx.Query("UPDATE idempotency_records SET operation_id = $6, http_status = $7, answer = $8 WHERE tenant_id = $1 "
               "AND project_id = $2 AND principal = $3 AND api_operation = $4 AND key = $5",
               {caller.tenant, caller.project.str(), caller.principal, mutation.api_operation, mutation.key,
                answer.operation, answer.http_status, answer.body_json})
          .status());
  answer.replayed = false;
  return answer;
}

absl::StatusOr<std::size_t> PurgeIdempotencyRecords(platform::Transaction& tx, Time now, int limit) {
  return tx.Execute(
      "DELETE FROM idempotency_records WHERE ctid IN (SELECT ctid FROM idempotency_records WHERE expires_at < $1 "
      "ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
      {now, limit});
}

}  // namespace gpuaas::stores
