#pragma once

#include <chrono>
#include <string>

#include "absl/functional/function_ref.h"
#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"
#include "stores/ops/caller.h"

namespace gpuaas::stores {

struct Mutation {
  Caller caller;              // tenant, project and principal are part of the key's scope
  std::string api_operation;  // operationId of the contract, for example "createAllocation"
  std::string key;            // X-Idempotency-Key
  std::string digest;         // hex HMAC of the canonical request
  Time now;
  std::chrono::seconds keep = std::chrono::hours(24);  // the answer and, with it, the key
};

struct Answer {
  int http_status = 202;
  std::string body_json;  // complete body; no secret
  OperationId operation;  // empty if the mutation is no operation
  bool replayed = false;  // set by Mutate: this answer was given before
};

// Makes a mutation idempotent. The first call with a key runs `body` in `tx` and stores its answer in the same
// transaction, so record, resource, operation and outbox row exist together or not at all. A repeat (also one that
// races: it waits for the first) gets the stored answer and runs nothing; after `keep` the key is free again. If `body`
// fails, nothing is stored. Errors: kIdempotencyKeyReused (another digest under the key), `body`'s, the database's.
absl::StatusOr<Answer> Mutate(platform::Transaction& tx, const Mutation& mutation,
                              absl::FunctionRef<absl::StatusOr<Answer>(platform::Transaction&)> body);

// Deletes up to `limit` records that expired before `now`; gives how many.
absl::StatusOr<std::size_t> PurgeIdempotencyRecords(platform::Transaction& tx, Time now, int limit);

}  // namespace gpuaas::stores
