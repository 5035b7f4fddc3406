#pragma once

#include "platform/postgres/transaction.h"
#include "stores/allocation/allocations.h"

// Shared by the files of this folder only.
namespace gpuaas::stores {

// What AllocationFrom reads; the SELECT list and RETURNING of every statement on allocations.
#define GPUAAS_ALLOCATION_COLUMNS                                                                                     \
  "id, tenant_id, project_id, name, sku, region, gpus, ssh_key_ids, created_by, state, operation_id, "                \
  "driving_operation_id, release_operation_id, correlation_id, lease_seconds, lease_expires_at, node_id, node_name, " \
  "ssh_host, ssh_port, ssh_user, ssh_host_key, ssh_fingerprint, reason, error_code, created_at, updated_at, "         \
  "queued_at, activated_at, ended_at"

Allocation AllocationFrom(const platform::Row& row);

// The row, locked until the transaction ends. kNotFound.
absl::StatusOr<Allocation> LockAllocation(platform::Transaction& tx, const AllocationId& id);

// kInvalidState with details {state, operation_id}.
absl::Status WrongState(const Allocation& allocation, const std::string& message);

// Logs an event of the allocation: `type` is "allocation." and `what`.
void LogAllocation(platform::Transaction& tx, const Allocation& allocation, std::string_view what,
                   const OperationId& operation, const std::string& principal, Time now);

}  // namespace gpuaas::stores
