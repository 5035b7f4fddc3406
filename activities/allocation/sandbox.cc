// The steps that ask the node.
#include <nlohmann/json.hpp>
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
#include "stores/iam/ssh_keys.h"
#include "stores/nodes/heartbeats.h"
#include "stores/nodes/placement.h"
#include "workflows/common/time.h"

namespace gpuaas::activities {

using platform::SystemScope;
using platform::Transaction;

namespace {

// The last heartbeat that named the allocation's sandbox as running; nothing if there is none.
absl::StatusOr<std::optional<Time>> LastProven(Transaction& tx, const NodeId& node, const std::string& allocation_id) {
  GPUAAS_ASSIGN_OR_RETURN(const auto heartbeat, stores::GetLastHeartbeat(tx, node));
  if (!heartbeat) return std::nullopt;
  const auto sandboxes = nlohmann::json::parse(heartbeat->sandboxes_json, nullptr, /*allow_exceptions=*/false);
  if (!sandboxes.is_array()) return std::nullopt;
  for (const auto& sandbox : sandboxes) {
    if (sandbox.is_object() && sandbox.value("allocation_id", "") == allocation_id && sandbox.value("running", false)) {
      return heartbeat->at;
    }
  }
  return std::nullopt;
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
    GPUAAS_ASSIGN_OR_RETURN(proven, LastProven(tx, reservation.node, request.allocation_id()));
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
        flow::v1::RemovalResult result;
        result.set_fenced(true);
        result.set_detail("the node fences itself without contact");
        const auto reservation = stores::GetReservation(tx, AllocationId(request.allocation_id()));
        if (absl::IsNotFound(reservation.status())) return result;
        if (!reservation.ok()) return reservation.status();
        GPUAAS_ASSIGN_OR_RETURN(const auto proven, LastProven(tx, reservation->node, request.allocation_id()));
        if (proven) *result.mutable_last_proven_at() = workflows::ToProto(*proven);
        return result;
      });
}

}  // namespace gpuaas::activities
