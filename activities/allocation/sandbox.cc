// The steps that ask the node.
#include <utility>

#include "activities/allocation/allocation_activities.h"
#include "activities/nodes/agent_client.h"
#include "activities/nodes/reconcile.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "gpuaas/node/v1/node_agent.pb.h"
#include "platform/clock/clock.h"
#include "platform/postgres/database.h"
#include "stores/allocation/allocations.h"
#include "stores/billing/usage.h"
#include "stores/iam/ssh_keys.h"
#include "stores/nodes/leftovers.h"
#include "stores/nodes/nodes.h"
#include "stores/nodes/placement.h"
#include "workflows/common/time.h"

namespace gpuaas::activities {

using platform::SystemScope;
using platform::Transaction;

namespace {

// The node could not be asked, but it can be heard: it does not fence itself, so nothing more is placed there until
// somebody has looked.
absl::Status TakeOutOfService(Transaction& tx, const stores::Node& node, const flow::v1::StepRequest& request,
                              Time now) {
  const std::string why = "The sandbox of " + request.allocation_id() + " could not be removed.";
  if (node.state == domain::NodeState::kActive) {
    const stores::Caller system = {
        .tenant = PlatformTenant(), .project = {}, .principal = "system", .correlation_id = request.correlation_id()};
    GPUAAS_RETURN_IF_ERROR(
        stores::SetNodeState(tx, node.id, domain::NodeState::kCordoned, OperationId(), why, system, now).status());
  }
  return stores::RaiseSandboxLeft(tx, node.id, why, now);
}

flow::v1::Endpoint EndpointOf(const node::v1::Sandbox& sandbox) {
  flow::v1::Endpoint endpoint;
  endpoint.set_host(sandbox.host());
  endpoint.set_port(sandbox.ssh_port());
  endpoint.set_user(sandbox.user());
  endpoint.set_host_key_fingerprint(sandbox.host_key_fingerprint());
  endpoint.set_host_public_key(sandbox.host_public_key());
  return endpoint;
}

}  // namespace

absl::StatusOr<flow::v1::Endpoint> AllocationActivities::Provision(const flow::v1::ProvisionRequest& request) {
  node::v1::EnsureSandboxRequest ensure;
  ensure.set_allocation_id(request.step().allocation_id());
  ensure.set_operation_id(request.step().operation_id());
  ensure.set_key_owner("allocation");
  NodeAddress node;
  GPUAAS_RETURN_IF_ERROR(database_.Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    const AllocationId id(request.step().allocation_id());
    GPUAAS_ASSIGN_OR_RETURN(const auto reservation, stores::GetReservation(tx, id));
    GPUAAS_ASSIGN_OR_RETURN(const auto allocation, stores::GetAllocation(tx, id));
    if (allocation.state != domain::AllocationState::kProvisioning) {
      return MakeError(ErrorCode::kInvalidState, "The allocation is being taken down.");
    }
    GPUAAS_ASSIGN_OR_RETURN(const auto keys, stores::GetSshKeys(tx, allocation.ssh_key_ids));
    node = {reservation.node.str(), reservation.advertise_address};
    ensure.set_cpus(static_cast<unsigned>(reservation.cpus));
    ensure.set_memory_bytes(static_cast<std::uint64_t>(reservation.memory_bytes));
    ensure.mutable_gpu_uuids()->Assign(reservation.gpu_uuids.begin(), reservation.gpu_uuids.end());
    ensure.clear_authorized_keys();
    for (const stores::SshKey& key : keys) {
      node::v1::AuthorizedKey& authorized = *ensure.add_authorized_keys();
      authorized.set_key_id(key.id.str());
      authorized.set_public_key(key.public_key);
    }
    return absl::OkStatus();
  }));
  auto sandbox = agents_.EnsureSandbox(node, ensure);
  if (!sandbox.ok() && ErrorCodeOf(sandbox.status()) == ErrorCode::kConflict) {
    // What holds the GPU there has no right to it any more, since the reservation is ours: remove it, then try again.
    GPUAAS_RETURN_IF_ERROR(ReconcileNode(database_, agents_, node).status());
    return MakeError(ErrorCode::kUnavailable, ToStd(sandbox.status().message()));
  }
  if (!sandbox.ok()) return sandbox.status();
  return EndpointOf(*sandbox);
}

absl::StatusOr<flow::v1::RemovalResult> AllocationActivities::Deprovision(const flow::v1::StepRequest& request) {
  NodeAddress node;
  std::optional<Time> proven;
  const absl::Status found = database_.Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    GPUAAS_ASSIGN_OR_RETURN(const auto reservation, stores::GetReservation(tx, AllocationId(request.allocation_id())));
    node = {reservation.node.str(), reservation.advertise_address};
    GPUAAS_ASSIGN_OR_RETURN(proven, stores::LastProven(tx, AllocationId(request.allocation_id())));
    return absl::OkStatus();
  });
  flow::v1::RemovalResult result;
  if (absl::IsNotFound(found)) {
    result.set_detail("nothing was placed");
    return result;
  }
  GPUAAS_RETURN_IF_ERROR(found);

  node::v1::RemoveSandboxRequest remove;
  remove.set_allocation_id(request.allocation_id());
  remove.set_operation_id(request.operation_id());
  GPUAAS_ASSIGN_OR_RETURN(const auto removed, agents_.RemoveSandbox(node, remove));
  if (removed.has_last_observed_at()) {
    *result.mutable_last_proven_at() = removed.last_observed_at();
  } else if (proven) {
    *result.mutable_last_proven_at() = workflows::ToProto(*proven);
  }
  result.set_detail("removed from node " + node.node_id);
  return result;
}

absl::StatusOr<flow::v1::RemovalResult> AllocationActivities::Fence(const flow::v1::StepRequest& request) {
  return database_.TransactFor<flow::v1::RemovalResult>(
      SystemScope(), [&](Transaction& tx) -> absl::StatusOr<flow::v1::RemovalResult> {
        const AllocationId id(request.allocation_id());
        flow::v1::RemovalResult result;
        const auto reservation = stores::GetReservation(tx, id);
        if (absl::IsNotFound(reservation.status())) {
          result.set_detail("nothing was placed");
          return result;
        }
        if (!reservation.ok()) return reservation.status();
        GPUAAS_ASSIGN_OR_RETURN(const auto proven, stores::LastProven(tx, id));
        if (proven) *result.mutable_last_proven_at() = workflows::ToProto(*proven);
        GPUAAS_ASSIGN_OR_RETURN(const auto node, stores::GetNode(tx, reservation->node));
        result.set_fenced(node.contact != domain::NodeContact::kOk);
        if (result.fenced()) {
          result.set_detail("the node fences itself without contact");
        } else {
          GPUAAS_RETURN_IF_ERROR(TakeOutOfService(tx, node, request, clock_.Now()));
          result.set_detail("the node is in contact but was not rid of the sandbox; it takes nothing new");
        }
        return result;
      });
}

}  // namespace gpuaas::activities
