#include "stores/ops/outbox.h"

#include <algorithm>

#include "domain/status_macros.h"

namespace gpuaas::stores {

absl::StatusOr<std::int64_t> EnqueueOutbox(platform::Transaction& tx, const NewOutboxRow& row) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row written,
      tx.QueryOne("INSERT INTO outbox (tenant_id, workflow_id, kind, name, payload, correlation_id, operation_id, "
                  "created_at, not_before) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id",
                  {row.tenant, row.workflow_id, row.kind, row.name, row.payload_json, row.correlation_id, row.operation,
                   row.now},
                  "the outbox row was not written"));
  return written.Int("id");
}

absl::StatusOr<std::vector<OutboxRow>> ClaimOutbox(platform::Transaction& tx, Time now, Time until, int limit,
                                                   const std::string& workflow_id) {
  // Only the oldest unsent row of a resource can be taken; while another caller holds it, its successors wait.
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Rows rows,
      tx.Query("WITH due AS (SELECT id FROM outbox o WHERE sent_at IS NULL AND not_before <= $1 AND ($3 = '' OR "
               "workflow_id = $3) AND NOT EXISTS (SELECT FROM outbox earlier WHERE earlier.workflow_id = o.workflow_id "
               "AND earlier.sent_at IS NULL AND earlier.id < o.id) ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) "
               "UPDATE outbox SET not_before = $4 FROM due WHERE outbox.id = due.id RETURNING outbox.id, tenant_id, "
               "workflow_id, kind, name, payload, correlation_id, operation_id, attempts, created_at",
               {now, limit, workflow_id, until}));
  std::vector<OutboxRow> claimed;
  for (const platform::Row& row : rows) {
    claimed.push_back({.id = row.Int("id"),
                       .tenant = row.IdOf<TenantId>("tenant_id"),
                       .workflow_id = row.Text("workflow_id"),
                       .kind = row.Text("kind"),
                       .name = row.Text("name"),
                       .payload_json = row.Text("payload"),
                       .correlation_id = row.Text("correlation_id"),
                       .operation = row.IdOf<OperationId>("operation_id"),
                       .attempts = static_cast<int>(row.Int("attempts")),
                       .created_at = row.Timestamp("created_at")});
  }
  std::ranges::sort(claimed, {}, &OutboxRow::id);
  return claimed;
}

absl::Status MarkSent(platform::Transaction& tx, std::int64_t id, Time now) {
  return tx.Query("UPDATE outbox SET sent_at = $2 WHERE id = $1", {id, now}).status();
}

absl::Status MarkFailed(platform::Transaction& tx, std::int64_t id, const std::string& error, Time retry_at) {
  return tx
      .Query("UPDATE outbox SET attempts = attempts + 1, last_error = $2, not_before = $3 WHERE id = $1",
             {id, error, retry_at})
      .status();
}

absl::Status ReturnUntried(platform::Transaction& tx, std::int64_t id, Time now) {
  return tx.Query("UPDATE outbox SET not_before = $2 WHERE id = $1", {id, now}).status();
}

absl::StatusOr<OutboxBacklog> GetOutboxBacklog(platform::Transaction& tx, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("SELECT count(*) AS unsent, min(created_at) AS oldest FROM outbox WHERE sent_at IS NULL", {}, ""));
  OutboxBacklog backlog{.unsent = row.Int("unsent")};
  if (const auto oldest = row.OptionalTimestamp("oldest")) {
    backlog.oldest = std::max(std::chrono::seconds(0), std::chrono::floor<std::chrono::seconds>(now - *oldest));
  }
  return backlog;
}

absl::StatusOr<std::size_t> PurgeOutbox(platform::Transaction& tx, Time before, int limit) {
  return tx.Execute(
      "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE sent_at < $1 ORDER BY sent_at LIMIT $2)",
      {before, limit});
}

}  // namespace gpuaas::stores
