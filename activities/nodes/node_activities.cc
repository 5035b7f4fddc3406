#include "activities/nodes/node_activities.h"

#include <vector>

#include "activities/common/json.h"
#include "activities/common/step_registry.h"
#include "activities/nodes/agent_client.h"
#include "activities/nodes/capacity.h"
#include "activities/nodes/reconcile.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/postgres/database.h"
#include "platform/vault/vault.h"
#include "stores/allocation/allocations.h"
#include "stores/nodes/leftovers.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/operations.h"
#include "stores/ops/outbox.h"
#include "workflows/nodes/steps.h"

namespace gpuaas::activities {

using platform::SystemScope;
using platform::Transaction;

namespace {

namespace steps = workflows::steps;

stores::Caller SystemCaller(const flow::v1::NodeStep& step, const TenantId& tenant) {
  return {.tenant = tenant, .project = {}, .principal = "system", .correlation_id = step.correlation_id()};
}

stores::NewOutboxRow SignalTo(const stores::Allocation& allocation, const std::string& name,
                              const google::protobuf::Message& payload, const flow::v1::NodeStep& step, Time now) {
  stores::NewOutboxRow row;
  row.tenant = allocation.tenant;
  row.workflow_id = allocation.WorkflowId();
  row.kind = stores::kOutboxSignalWorkflow;
  row.name = name;
  row.payload_json = ToJson(payload);
  row.correlation_id = step.correlation_id();
  row.now = now;
  return row;
}

flow::v1::NodeStepResult Affected(std::size_t count, const char* what) {
  flow::v1::NodeStepResult result;
  result.set_affected(static_cast<unsigned>(count));
  result.set_detail(std::to_string(count) + " " + what);
  return result;
}

// An order that comes a second time must not undo those that came after it.
absl::StatusOr<bool> IsOver(Transaction& tx, const OperationId& operation) {
  if (operation.empty()) return false;
  GPUAAS_ASSIGN_OR_RETURN(const auto order, stores::GetOperation(tx, operation));
  return order.state != "running";
}

// The system's own release of an allocation, accepted and sent as a user's is.
absl::Status Release(Transaction& tx, const stores::Allocation& allocation, const flow::v1::NodeStep& step, Time now) {
  stores::NewOperation operation;
  operation.id = OperationId::New(now);
  operation.caller = SystemCaller(step, allocation.tenant);
  operation.caller.project = allocation.project;
  operation.resource_kind = "allocation";
  operation.resource_id = allocation.id.str();
  operation.kind = "release";
  operation.now = now;
  GPUAAS_RETURN_IF_ERROR(stores::CreateOperation(tx, operation).status());
  GPUAAS_RETURN_IF_ERROR(stores::AcceptRelease(tx, allocation.id, operation.id, operation.caller, now).status());
  flow::v1::ReleaseSignal signal;
  signal.set_operation_id(operation.id.str());
  signal.set_correlation_id(step.correlation_id());
  signal.set_cause("node_drained");
  signal.set_reason("The node is being emptied.");
  auto row = SignalTo(allocation, "release", signal, step, now);
  row.operation = operation.id;
  return stores::EnqueueOutbox(tx, row).status();
}

}  // namespace

void NodeActivities::Register(StepRegistry& registry) {
  const auto add = [&](const auto& step, auto method) {
    registry.Add(step, [this, method](const auto& request) { return (this->*method)(request); });
  };
  add(steps::kTransition, &NodeActivities::Transition);
  add(steps::kNotifyLost, &NodeActivities::NotifyLost);
  add(steps::kReleaseAll, &NodeActivities::ReleaseAll);
  add(steps::kCountLiving, &NodeActivities::CountLiving);
  add(steps::kReconcile, &NodeActivities::Reconcile);
  add(steps::kCallOff, &NodeActivities::CallOff);
  add(steps::kRevokeCertificate, &NodeActivities::RevokeCertificate);
}

absl::StatusOr<flow::v1::NodeTransitionResult> NodeActivities::Transition(const flow::v1::NodeTransition& request) {
  const auto to = domain::NodeStateFromName(request.state());
  if (!to) return MakeError(ErrorCode::kInvalidArgument, "No such node state: " + request.state());
  return database_.TransactFor<flow::v1::NodeTransitionResult>(
      SystemScope(), [&](Transaction& tx) -> absl::StatusOr<flow::v1::NodeTransitionResult> {
        const NodeId id(request.step().node_id());
        const OperationId operation(request.step().operation_id());
        const Time now = clock_.Now();
        GPUAAS_ASSIGN_OR_RETURN(const bool over, IsOver(tx, operation));
        const absl::Status moved = over ? MakeError(ErrorCode::kInvalidState, "The order has ended before.")
                                        : stores::SetNodeState(tx, id, *to, operation, request.step().reason(),
                                                               SystemCaller(request.step(), PlatformTenant()), now)
                                              .status();
        if (!moved.ok() && ErrorCodeOf(moved) != ErrorCode::kInvalidState) return moved;
        if (request.ends_operation() && !operation.empty()) {
          GPUAAS_RETURN_IF_ERROR(stores::FinishOperation(tx, operation, moved, now).status());
        }
        GPUAAS_ASSIGN_OR_RETURN(const auto node, stores::GetNode(tx, id));
        // The sweep sees only what is free at its own moments: a node that was cordoned in between is no news to it.
        if (moved.ok() && domain::IsSchedulable(node.state, node.contact)) {
          GPUAAS_RETURN_IF_ERROR(KickQueue(tx, node.region, now).status());
        }
        flow::v1::NodeTransitionResult result;
        result.set_state(std::string(domain::NameOf(node.state)));
        result.set_detail(moved.ok() ? result.state() : std::string(moved.message()));
        return result;
      });
}

absl::StatusOr<flow::v1::NodeStepResult> NodeActivities::NotifyLost(const flow::v1::NodeStep& request) {
  return database_.TransactFor<flow::v1::NodeStepResult>(
      SystemScope(), [&](Transaction& tx) -> absl::StatusOr<flow::v1::NodeStepResult> {
        GPUAAS_ASSIGN_OR_RETURN(const auto living, stores::ListAllocationsOnNode(tx, NodeId(request.node_id())));
        flow::v1::NodeLostSignal signal;
        signal.set_node_id(request.node_id());
        for (const stores::Allocation& allocation : living) {
          GPUAAS_RETURN_IF_ERROR(
              stores::EnqueueOutbox(tx, SignalTo(allocation, "node_lost", signal, request, clock_.Now())).status());
        }
        return Affected(living.size(), "allocations told");
      });
}

absl::StatusOr<flow::v1::NodeStepResult> NodeActivities::ReleaseAll(const flow::v1::NodeStep& request) {
  return database_.TransactFor<flow::v1::NodeStepResult>(
      SystemScope(), [&](Transaction& tx) -> absl::StatusOr<flow::v1::NodeStepResult> {
        GPUAAS_ASSIGN_OR_RETURN(const auto living, stores::ListAllocationsOnNode(tx, NodeId(request.node_id())));
        std::size_t asked = 0;
        for (const stores::Allocation& allocation : living) {
          if (!allocation.release_operation.empty()) continue;
          if (allocation.state == domain::AllocationState::kReleasing) continue;
          GPUAAS_RETURN_IF_ERROR(Release(tx, allocation, request, clock_.Now()));
          ++asked;
        }
        return Affected(asked, "allocations asked to end");
      });
}

absl::StatusOr<flow::v1::NodeStepResult> NodeActivities::CountLiving(const flow::v1::NodeStep& request) {
  return database_.TransactFor<flow::v1::NodeStepResult>(
      SystemScope(), [&](Transaction& tx) -> absl::StatusOr<flow::v1::NodeStepResult> {
        GPUAAS_ASSIGN_OR_RETURN(const auto living, stores::ListAllocationsOnNode(tx, NodeId(request.node_id())));
        return Affected(living.size(), "allocations left");
      });
}

absl::StatusOr<flow::v1::Done> NodeActivities::CallOff(const flow::v1::NodeStep& request) {
  const auto called_off = MakeError(ErrorCode::kConflict, "Another order took the place of this one.");
  GPUAAS_RETURN_IF_ERROR(database_.Transact(SystemScope(), [&](Transaction& tx) {
    return stores::FinishOperation(tx, OperationId(request.operation_id()), called_off, clock_.Now()).status();
  }));
  return flow::v1::Done();
}

absl::StatusOr<flow::v1::NodeStepResult> NodeActivities::Reconcile(const flow::v1::NodeStep& request) {
  GPUAAS_ASSIGN_OR_RETURN(const auto node, database_.TransactFor<stores::Node>(SystemScope(), [&](Transaction& tx) {
    return stores::GetNode(tx, NodeId(request.node_id()));
  }));
  GPUAAS_ASSIGN_OR_RETURN(const Reconciled done,
                          ReconcileNode(database_, agents_, {node.id.str(), node.advertise_address}));
  // The flow that gave up removing a sandbox has raised the item and has yet to free the GPUs.
  if (done.ending == 0) {
    GPUAAS_RETURN_IF_ERROR(database_.Transact(
        SystemScope(), [&](Transaction& tx) { return stores::CloseSandboxLeft(tx, node.id, clock_.Now()); }));
  }
  return Affected(static_cast<std::size_t>(done.removed), "sandboxes removed");
}

absl::StatusOr<flow::v1::Done> NodeActivities::RevokeCertificate(const flow::v1::NodeStep& request) {
  GPUAAS_ASSIGN_OR_RETURN(const auto node, database_.TransactFor<stores::Node>(SystemScope(), [&](Transaction& tx) {
    return stores::GetNode(tx, NodeId(request.node_id()));
  }));
  if (!node.certificate_serial.empty()) GPUAAS_RETURN_IF_ERROR(vault_.RevokeCertificate(node.certificate_serial));
  return flow::v1::Done();
}

}  // namespace gpuaas::activities
