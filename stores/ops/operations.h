#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"
#include "stores/ops/caller.h"

namespace gpuaas::stores {

// An accepted mutation of a resource: what steps are idempotent by.
struct Operation {
  OperationId id;
  TenantId tenant;
  ProjectId project;
  std::string resource_kind;  // "allocation", "node"
  std::string resource_id;
  std::string kind;   // "create", "extend", "release", "drain", ...
  std::string state;  // "running" | "succeeded" | "failed"
  std::string principal;
  std::string correlation_id;
  std::string request_json;  // the accepted request without secrets
  std::string error_code;    // wire name of an ErrorCode; empty unless failed
  std::string error_message;
  Time created_at;
  std::optional<Time> ended_at;
};

struct NewOperation {
  OperationId id;
  Caller caller;
  std::string resource_kind;
  std::string resource_id;
  std::string kind;
  std::string request_json = "{}";
  Time now;
};

// Writes a running operation. kConflict if the id exists.
absl::StatusOr<Operation> CreateOperation(platform::Transaction& tx, const NewOperation& operation);

// kNotFound.
absl::StatusOr<Operation> GetOperation(platform::Transaction& tx, const OperationId& id);

// Ends a running operation: succeeded if `outcome` is OK, else failed with its code and message. Gives false, and
// changes nothing, if it had ended before. kNotFound.
absl::StatusOr<bool> FinishOperation(platform::Transaction& tx, const OperationId& id, const absl::Status& outcome,
                                     Time now);

// The operations of a resource, oldest first.
absl::StatusOr<std::vector<Operation>> ListOperationsOf(platform::Transaction& tx, const std::string& resource_kind,
                                                        const std::string& resource_id);

struct OperationFilter {
  std::string state;          // empty: any
  std::string resource_kind;  // empty: any
  OperationId before;         // cursor: the last id of the former page; empty: from the newest
  int limit = 100;
};

struct OperationPage {
  std::vector<Operation> items;  // newest first
  OperationId next;              // cursor of the next page; empty at the end
};

// All that the transaction's scope sees.
absl::StatusOr<OperationPage> ListOperations(platform::Transaction& tx, const OperationFilter& filter);

}  // namespace gpuaas::stores
