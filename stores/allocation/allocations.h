#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "domain/allocation/state.h"
#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"
#include "stores/ops/caller.h"

namespace gpuaas::stores {

// Where a sandbox's sshd is reached. Not a secret.
struct SshEndpoint {
  std::string host;
  int port = 0;
  std::string user;
  std::string host_public_key;       // "ssh-ed25519 AAAA..."
  std::string host_key_fingerprint;  // "SHA256:..."
};

struct Allocation {
  AllocationId id;
  TenantId tenant;
  ProjectId project;
  std::string name;  // empty: none
  std::string sku;
  std::string region;
  int gpus = 0;
  std::vector<std::string> ssh_key_ids;
  std::string created_by;  // "usr_..."
  domain::AllocationState state = domain::AllocationState::kRequested;
  OperationId operation;          // the last accepted one; the API's `operation_id`
  OperationId driving_operation;  // the one that moves the state now: the guard of transitions
  OperationId release_operation;  // empty until a release was accepted
  std::string correlation_id;
  std::chrono::seconds lease{0};         // granted in all, extensions included
  std::optional<Time> lease_expires_at;  // set when it becomes active
  NodeId node;                           // empty: not placed
  std::string node_name;                 // empty: not placed (filled by Get and List)
  std::vector<std::string> gpu_uuids;    // live assignments (filled by Get and List)
  std::optional<SshEndpoint> endpoint;
  std::string reason;      // why it is in this state, in words for its owner; empty: nothing to say
  std::string error_code;  // wire name of an ErrorCode, if it failed
  Time created_at;
  Time updated_at;
  std::optional<Time> queued_at;
  std::optional<Time> activated_at;
  std::optional<Time> ended_at;  // released or failed

  std::string WorkflowId() const { return "allocation/" + id.str(); }
};

struct NewAllocation {
  AllocationId id;
  OperationId operation;
  Caller caller;
  std::string name;
  std::string sku;  // checked against the catalog by the caller
  std::string region;
  int gpus = 0;
  std::vector<std::string> ssh_key_ids;
  std::chrono::seconds lease{0};
  Time now;
};

// Writes the row in state requested and logs `allocation.requested`. kConflict if the id exists.
absl::StatusOr<Allocation> CreateAllocation(platform::Transaction& tx, const NewAllocation& allocation);

// Fails with kQuotaExceeded, details {quota, limit, used}, if the project has `most` allocations that have not ended.
// Other creations in the project wait until this transaction ends, so that none slips by.
absl::Status CheckLivingAllocations(platform::Transaction& tx, const ProjectId& project, int most);

// kNotFound if the transaction's scope has none.
absl::StatusOr<Allocation> GetAllocation(platform::Transaction& tx, const AllocationId& id);

struct AllocationFilter {
  TenantId tenant;                              // empty: all that the scope sees
  ProjectId project;                            // empty: all of the tenant's
  std::vector<domain::AllocationState> states;  // empty: any
  std::string id_prefix;                        // empty: any; "alloc_01J8" finds what begins so
  AllocationId before;                          // cursor: the last id of the former page; empty: from the newest
  int limit = 100;
};

struct AllocationPage {
  std::vector<Allocation> items;  // newest first
  AllocationId next;              // cursor of the next page; empty at the end
};
absl::StatusOr<AllocationPage> ListAllocations(platform::Transaction& tx, const AllocationFilter& filter);

// The living allocations (not final) that have GPUs on a node.
absl::StatusOr<std::vector<Allocation>> ListAllocationsOnNode(platform::Transaction& tx, const NodeId& node);

// Lets one workflow execution, named by its first run, drive the allocation: the first that asks for the operation
// while the state is requested, and that one again until the state is final. Gives whether it may. kNotFound.
absl::StatusOr<bool> AdmitExecution(platform::Transaction& tx, const AllocationId& id, const OperationId& operation,
                                    const std::string& execution, Time now);

// A compare-and-set of (state, driving operation).
struct AllocationTransition {
  AllocationId id;
  OperationId operation;    // must be the driving operation, unless `takes_over`
  bool takes_over = false;  // `operation` becomes the driving one (a release overtaking a create)
  domain::AllocationState to;
  std::string reason;
  std::string error_code;               // wire name; for kFailed and a kReleasing that will end there
  std::optional<SshEndpoint> endpoint;  // set it on the way to kActive
  Time now;
};

// Changes the state and logs `allocation.<state>` in the same transaction. On the way to active the lease starts and
// the driving operation has succeeded; with a final state every running operation of the allocation ends (release and
// what drove it here succeed on `released`, all others fail). A repeat (already in `to`, same operation) gives the row
// and changes nothing: steps may be retried. Errors: kNotFound; kInvalidState with details {state, operation_id} if
// domain::CanTransition forbids it or another operation drives.
absl::StatusOr<Allocation> TransitionAllocation(platform::Transaction& tx, const AllocationTransition& transition);

// Accepts a release: `operation` becomes the allocation's operation and release operation; the state is the workflow's
// to change. If one was accepted before, changes nothing and gives the row with the former release operation. Logs
// `allocation.release_requested`. kNotFound; kInvalidState if it is final.
absl::StatusOr<Allocation> AcceptRelease(platform::Transaction& tx, const AllocationId& id,
                                         const OperationId& operation, const Caller& caller, Time now);

// Accepts an extend: `operation` becomes the allocation's operation. Locks the row. Logs `allocation.extend_requested`.
// kNotFound; kInvalidState if it is final or its release was accepted.
absl::StatusOr<Allocation> AcceptExtend(platform::Transaction& tx, const AllocationId& id, const OperationId& operation,
                                        const Caller& caller, Time now);

// Adds `by` to the lease, as domain::ExtendLease allows, ends `operation` as succeeded and logs `allocation.extended`.
// Idempotent by operation: one that has ended changes nothing. kNotFound; kInvalidState; kQuotaExceeded (longer than
// leases may be).
absl::StatusOr<Allocation> ExtendAllocationLease(platform::Transaction& tx, const AllocationId& id,
                                                 const OperationId& operation, std::chrono::seconds by, Time now);

// Ends the extend `operation` as failed by `cause` and logs `allocation.extend_refused`; the lease stays as it is.
// Changes nothing if the operation has ended. kNotFound.
absl::StatusOr<Allocation> RefuseExtend(platform::Transaction& tx, const AllocationId& id, const OperationId& operation,
                                        const absl::Status& cause, Time now);

// Replaces `reason` (what a wait is waiting for) without an event. kNotFound.
absl::Status SetAllocationReason(platform::Transaction& tx, const AllocationId& id, const std::string& reason,
                                 Time now);

}  // namespace gpuaas::stores
