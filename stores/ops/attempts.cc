#include "stores/ops/attempts.h"

#include "domain/status_macros.h"

namespace gpuaas::stores {

absl::Status BeginAttempt(platform::Transaction& tx, const Attempt& attempt) {
  return tx
      .Query(
          "INSERT INTO attempts (tenant_id, workflow_id, run_id, activity_id, step, number, operation_id, worker, "
          "started_at, outcome) VALUES (coalesce((SELECT tenant_id FROM allocations WHERE 'allocation/' || id = $1 "
          "AND id = substr($1, 12)), $9), $1, $2, $3, $4, $5, $6, $7, $8, 'running') "
          "ON CONFLICT (workflow_id, run_id, activity_id, number, started_at) DO NOTHING",
          {attempt.workflow_id, attempt.run_id, attempt.activity_id, attempt.step, attempt.number, attempt.operation,
           attempt.worker, attempt.started_at, PlatformTenant()})
      .status();
}

absl::Status EndAttempt(platform::Transaction& tx, const std::string& workflow_id, const std::string& run_id,
                        const std::string& activity_id, int number, const AttemptEnd& end) {
  return tx
      .Query(
          "UPDATE attempts SET outcome = $5, error_code = $6, message = $7, retryable = $8, next_retry_at = $9, "
          "ended_at = $10 WHERE id = (SELECT max(id) FROM attempts WHERE workflow_id = $1 AND run_id = $2 AND "
          "activity_id = $3 AND number = $4) AND outcome = 'running'",
          {workflow_id, run_id, activity_id, number, end.outcome, end.error_code, end.message, end.retryable,
           end.next_retry_at, end.now})
      .status();
}

absl::StatusOr<std::optional<AttemptFailures>> GetAttemptFailures(platform::Transaction& tx,
                                                                  const std::string& workflow_id,
                                                                  const std::string& run_id,
                                                                  const std::string& activity_id) {
  // An attempt without end whose successor has begun was given up: its worker died.
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT min(ended) AS since, count(ended) AS attempts, (array_agg(message ORDER BY id DESC) FILTER "
                  "(WHERE ended IS NOT NULL))[1] AS cause FROM (SELECT id, message, outcome, coalesce(ended_at, "
                  "lead(started_at) OVER (ORDER BY id)) AS ended FROM attempts WHERE workflow_id = $1 AND run_id = $2 "
                  "AND activity_id = $3) a WHERE outcome IN ('failed', 'running')",
                  {workflow_id, run_id, activity_id}, ""));
  const auto since = row.OptionalTimestamp("since");
  if (!since) return std::nullopt;
  return AttemptFailures{
      .since = *since, .attempts = static_cast<int>(row.Int("attempts")), .cause = row.TextOrEmpty("cause")};
}

absl::StatusOr<std::vector<Attempt>> ListAttempts(platform::Transaction& tx, const std::string& workflow_id,
                                                  const std::string& run_id) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("SELECT workflow_id, run_id, activity_id, step, number, operation_id, worker, started_at, ended_at, "
               "outcome, error_code, message, retryable, next_retry_at FROM attempts WHERE workflow_id = $1 AND "
               "($2 = '' OR run_id = $2) ORDER BY id",
               {workflow_id, run_id}));
  std::vector<Attempt> attempts;
  for (const platform::Row& row : rows) {
    attempts.push_back({.workflow_id = row.Text("workflow_id"),
                        .run_id = row.Text("run_id"),
                        .activity_id = row.Text("activity_id"),
                        .step = row.Text("step"),
                        .number = static_cast<int>(row.Int("number")),
                        .operation = row.IdOf<OperationId>("operation_id"),
                        .worker = row.Text("worker"),
                        .started_at = row.Timestamp("started_at"),
                        .ended_at = row.OptionalTimestamp("ended_at"),
                        .outcome = row.Text("outcome"),
                        .error_code = row.Text("error_code"),
                        .message = row.Text("message"),
                        .retryable = row.Bool("retryable"),
                        .next_retry_at = row.OptionalTimestamp("next_retry_at")});
  }
  return attempts;
}

}  // namespace gpuaas::stores
