#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

// Intentions for Temporal, written with the rows they follow from. Rows of one resource are handed out in the order
// they were written, one at a time; for that, whoever writes a row holds the lock of the resource's own row (as
// creating or updating it in the same transaction does).
inline constexpr char kOutboxStartWorkflow[] = "start_workflow";
inline constexpr char kOutboxSignalWorkflow[] = "signal_workflow";

struct NewOutboxRow {
  TenantId tenant;
  std::string workflow_id;   // "allocation/alloc_...": the resource
  std::string kind;          // one of the constants above
  std::string name;          // workflow type or signal name
  std::string payload_json;  // the one argument as json/protobuf; no secret
  std::string correlation_id;
  OperationId operation;  // empty: none
  Time now;
};

struct OutboxRow {
  std::int64_t id = 0;  // also a stable request id for deduplication of signals
  TenantId tenant;
  std::string workflow_id;
  std::string kind;
  std::string name;
  std::string payload_json;
  std::string correlation_id;
  OperationId operation;
  int attempts = 0;  // failed ones so far
  Time created_at;
};

absl::StatusOr<std::int64_t> EnqueueOutbox(platform::Transaction& tx, const NewOutboxRow& row);

// Takes up to `limit` unsent rows that are due at `now`: at most one per resource, its oldest. Once the transaction has
// committed they are the caller's until `until`: nobody else gets them or their successors before. Send them outside of
// any transaction and tell what came of each by one of the three functions below. A row of which nothing is told (a
// crash) is handed out again after `until`: delivery is at least once. With a `workflow_id` only that resource's.
absl::StatusOr<std::vector<OutboxRow>> ClaimOutbox(platform::Transaction& tx, Time now, Time until, int limit,
                                                   const std::string& workflow_id = {});

absl::Status MarkSent(platform::Transaction& tx, std::int64_t id, Time now);

// Keeps the row and its successors back until `retry_at`.
absl::Status MarkFailed(platform::Transaction& tx, std::int64_t id, const std::string& error, Time retry_at);

// The row was not tried: it is due again at `now`.
absl::Status ReturnUntried(platform::Transaction& tx, std::int64_t id, Time now);

struct OutboxBacklog {
  std::int64_t unsent = 0;
  std::chrono::seconds oldest{0};  // age of the oldest unsent row
};
absl::StatusOr<OutboxBacklog> GetOutboxBacklog(platform::Transaction& tx, Time now);

// Deletes up to `limit` rows sent before `before`; gives how many.
absl::StatusOr<std::size_t> PurgeOutbox(platform::Transaction& tx, Time before, int limit);

}  // namespace gpuaas::stores
