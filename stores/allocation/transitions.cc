#include "domain/allocation/lease.h"
#include "domain/status_macros.h"
#include "stores/allocation/allocations.h"
#include "stores/allocation/rows.h"
#include "stores/ops/operations.h"

namespace gpuaas::stores {
namespace {

using domain::AllocationState;

constexpr char kSystem[] = "system";

absl::Status CheckTransition(const Allocation& allocation, const AllocationTransition& transition) {
  const std::string to(domain::NameOf(transition.to));
  if (!domain::CanTransition(allocation.state, transition.to)) {
    return WrongState(
        allocation, "an allocation that is " + std::string(domain::NameOf(allocation.state)) + " cannot become " + to);
  }
  if (!transition.takes_over && allocation.driving_operation != transition.operation) {
    return WrongState(allocation, "another operation has taken over this allocation");
  }
  return absl::OkStatus();
}

// Ends the running operations of an allocation that has come to its end.
absl::Status EndOperations(platform::Transaction& tx, const Allocation& allocation, Time now) {
  const bool released = allocation.state == AllocationState::kReleased;
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<Operation> operations, ListOperationsOf(tx, "allocation", allocation.id));
  for (const Operation& operation : operations) {
    if (operation.state != "running") continue;
    const bool served = released && (operation.kind == "release" || operation.id == allocation.driving_operation);
    absl::Status outcome;
    if (!served) {
      const auto code = ErrorCodeFromName(allocation.error_code).value_or(ErrorCode::kInvalidState);
      outcome = MakeError(code, allocation.reason.empty() ? "the allocation has ended" : allocation.reason);
    }
    GPUAAS_RETURN_IF_ERROR(FinishOperation(tx, operation.id, outcome, now).status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> AdmitExecution(platform::Transaction& tx, const AllocationId& id, const OperationId& operation,
                                    const std::string& execution, Time now) {
  GPUAAS_RETURN_IF_ERROR(LockAllocation(tx, id).status());
  GPUAAS_ASSIGN_OR_RETURN(
      const std::size_t written,
      tx.Execute("UPDATE allocations SET execution = $3, updated_at = CASE execution WHEN '' THEN $4::timestamptz ELSE "
                 "updated_at END WHERE id = $1 AND ((execution = '' AND state = 'requested' AND driving_operation_id = "
                 "$2) OR (execution = $3 AND state NOT IN ('released', 'failed')))",
                 {id, operation, execution, now}));
  return written > 0;
}

absl::StatusOr<Allocation> TransitionAllocation(platform::Transaction& tx, const AllocationTransition& transition) {
  GPUAAS_ASSIGN_OR_RETURN(const Allocation before, LockAllocation(tx, transition.id));
  if (before.state == transition.to && before.driving_operation == transition.operation) return before;
  GPUAAS_RETURN_IF_ERROR(CheckTransition(before, transition));

  const Time now = transition.now;
  const AllocationState to = transition.to;
  const auto at = [&](bool applies) { return applies ? std::optional(now) : std::nullopt; };
  const std::optional<SshEndpoint>& ssh = transition.endpoint;
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne(
          "UPDATE allocations SET state = $2, driving_operation_id = $3, reason = $4, error_code = $5, updated_at = "
          "$6, queued_at = coalesce($7, queued_at), activated_at = coalesce($8, activated_at), ended_at = "
          "coalesce($9, ended_at), lease_expires_at = coalesce($10, lease_expires_at), ssh_host = coalesce($11, "
          "ssh_host), ssh_port = coalesce($12, ssh_port), ssh_user = coalesce($13, ssh_user), ssh_host_key = "
          "coalesce($14, ssh_host_key), ssh_fingerprint = coalesce($15, ssh_fingerprint) WHERE id = $1 "
          "RETURNING " GPUAAS_ALLOCATION_COLUMNS,
          {transition.id, domain::NameOf(to), transition.operation, transition.reason, transition.error_code, now,
           at(to == AllocationState::kQueued), at(to == AllocationState::kActive), at(domain::IsFinal(to)),
           to == AllocationState::kActive ? std::optional<Time>(now + before.lease) : std::nullopt,
           ssh ? std::optional(ssh->host) : std::nullopt, ssh ? std::optional(ssh->port) : std::nullopt,
           ssh ? std::optional(ssh->user) : std::nullopt, ssh ? std::optional(ssh->host_public_key) : std::nullopt,
           ssh ? std::optional(ssh->host_key_fingerprint) : std::nullopt},
          "no such allocation"));
  const Allocation after = AllocationFrom(row);
  if (to == AllocationState::kActive) {
    GPUAAS_RETURN_IF_ERROR(FinishOperation(tx, transition.operation, absl::OkStatus(), now).status());
  }
  if (domain::IsFinal(to)) GPUAAS_RETURN_IF_ERROR(EndOperations(tx, after, now));
  LogAllocation(tx, after, domain::NameOf(to), transition.operation, kSystem, now);
  return after;
}

absl::StatusOr<Allocation> AcceptRelease(platform::Transaction& tx, const AllocationId& id,
                                         const OperationId& operation, const Caller& caller, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const Allocation before, LockAllocation(tx, id));
  if (!before.release_operation.empty()) return before;
  if (domain::IsFinal(before.state)) return WrongState(before, "the allocation has ended already");
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne("UPDATE allocations SET operation_id = $2, release_operation_id = $2, updated_at = $3 WHERE id = $1 "
                  "RETURNING " GPUAAS_ALLOCATION_COLUMNS,
                  {id, operation, now}, "no such allocation"));
  const Allocation after = AllocationFrom(row);
  LogAllocation(tx, after, "release_requested", operation, caller.principal, now);
  return after;
}

absl::StatusOr<Allocation> AcceptExtend(platform::Transaction& tx, const AllocationId& id, const OperationId& operation,
                                        const Caller& caller, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const Allocation before, LockAllocation(tx, id));
  if (domain::IsFinal(before.state)) return WrongState(before, "the allocation has ended already");
  if (!before.release_operation.empty() || before.state == AllocationState::kReleasing) {
    return WrongState(before, "the allocation is being released");
  }
  GPUAAS_ASSIGN_OR_RETURN(const platform::Row row,
                          tx.QueryOne("UPDATE allocations SET operation_id = $2, updated_at = $3 WHERE id = $1 "
                                      "RETURNING " GPUAAS_ALLOCATION_COLUMNS,
                                      {id, operation, now}, "no such allocation"));
  const Allocation after = AllocationFrom(row);
  LogAllocation(tx, after, "extend_requested", operation, caller.principal, now);
  return after;
}

absl::StatusOr<Allocation> ExtendAllocationLease(platform::Transaction& tx, const AllocationId& id,
                                                 const OperationId& operation, std::chrono::seconds by, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const Allocation before, LockAllocation(tx, id));
  GPUAAS_ASSIGN_OR_RETURN(const Operation extend, GetOperation(tx, operation));
  if (extend.state != "running") return before;
  if (domain::IsFinal(before.state) || before.state == AllocationState::kReleasing) {
    return WrongState(before, "the allocation is ending");
  }
  GPUAAS_ASSIGN_OR_RETURN(const std::chrono::seconds lease, domain::ExtendLease({}, before.lease, by));
  GPUAAS_ASSIGN_OR_RETURN(
      const platform::Row row,
      tx.QueryOne(
          "UPDATE allocations SET lease_seconds = $2, lease_expires_at = activated_at + $2::bigint * interval '1 "
          "second', updated_at = $3 WHERE id = $1 RETURNING " GPUAAS_ALLOCATION_COLUMNS,
          {id, static_cast<std::int64_t>(lease.count()), now}, "no such allocation"));
  const Allocation after = AllocationFrom(row);
  GPUAAS_RETURN_IF_ERROR(FinishOperation(tx, operation, absl::OkStatus(), now).status());
  LogAllocation(tx, after, "extended", operation, extend.principal, now);
  return after;
}

absl::StatusOr<Allocation> RefuseExtend(platform::Transaction& tx, const AllocationId& id, const OperationId& operation,
                                        const absl::Status& cause, Time now) {
  GPUAAS_ASSIGN_OR_RETURN(const Allocation allocation, LockAllocation(tx, id));
  GPUAAS_ASSIGN_OR_RETURN(const Operation extend, GetOperation(tx, operation));
  GPUAAS_ASSIGN_OR_RETURN(const bool ended, FinishOperation(tx, operation, cause, now));
  if (!ended) return allocation;
  Allocation as_refused = allocation;  // the event's reason is the refusal's, the row keeps its own
  as_refused.reason = std::string(cause.message());
  as_refused.error_code = std::string(InfoOf(ErrorCodeOf(cause)).name);
  LogAllocation(tx, as_refused, "extend_refused", operation, extend.principal, now);
  return allocation;
}

}  // namespace gpuaas::stores
