// The steps that only change rows.
#include <algorithm>
#include <utility>

#include "activities/allocation/allocation_activities.h"
#include "activities/nodes/capacity.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/postgres/database.h"
#include "stores/allocation/allocations.h"
#include "stores/allocation/queue.h"
#include "stores/billing/usage.h"
#include "stores/nodes/placement.h"
#include "stores/ops/operations.h"
#include "workflows/common/time.h"

namespace gpuaas::activities {

using domain::AllocationState;
using platform::SystemScope;
using platform::Transaction;
using workflows::FromProto;
using workflows::ToProto;

namespace {

stores::AllocationTransition To(AllocationState state, const flow::v1::StepRequest& step, Time now) {
  stores::AllocationTransition transition;
  transition.id = AllocationId(step.allocation_id());
  transition.operation = OperationId(step.operation_id());
  transition.to = state;
  transition.now = now;
  return transition;
}

// How an operation that still runs ends with its allocation.
absl::Status OutcomeOf(const stores::Operation& operation, const flow::v1::FinishRequest& request) {
  if (operation.kind == "release") return absl::OkStatus();
  if (request.state() == "failed") {
    return MakeError(ErrorCodeFromName(request.cause()).value_or(ErrorCode::kInternal), request.message());
  }
  return MakeError(ErrorCode::kInvalidState, "The allocation was released before this was done.");
}

std::string LeaseOf(const stores::Allocation& allocation) {
  return allocation.lease_expires_at ? "until " + FormatTime(*allocation.lease_expires_at) : "no lease end";
}

flow::v1::ActivateResult ActivateResultOf(const stores::Allocation& allocation) {
  flow::v1::ActivateResult result;
  if (allocation.activated_at) *result.mutable_active_at() = ToProto(*allocation.activated_at);
  if (allocation.lease_expires_at) *result.mutable_expires_at() = ToProto(*allocation.lease_expires_at);
  result.set_detail(LeaseOf(allocation));
  return result;
}

flow::v1::AllocationResume ResumeOf(const stores::Allocation& allocation) {
  flow::v1::AllocationResume resume;
  if (allocation.queued_at) *resume.mutable_queued_since() = ToProto(*allocation.queued_at);
  if (!allocation.gpu_uuids.empty()) {
    resume.mutable_placement()->set_node_id(allocation.node.str());
    for (const auto& uuid : allocation.gpu_uuids) resume.mutable_placement()->add_gpu_uuids(uuid);
  }
  resume.set_active(allocation.state == AllocationState::kActive);
  if (allocation.lease_expires_at) *resume.mutable_expires_at() = ToProto(*allocation.lease_expires_at);
  return resume;
}

std::string Gpus(int count) { return std::to_string(count) + (count == 1 ? " GPU" : " GPUs"); }

flow::v1::Done DoneWith(std::string detail) {
  flow::v1::Done done;
  done.set_detail(std::move(detail));
  return done;
}

}  // namespace

absl::StatusOr<flow::v1::AdmitResult> AllocationActivities::Admit(const flow::v1::AdmitRequest& request) {
  return database_.TransactFor<flow::v1::AdmitResult>(
      SystemScope(), [&](Transaction& tx) -> absl::StatusOr<flow::v1::AdmitResult> {
        const AllocationId id(request.step().allocation_id());
        flow::v1::AdmitResult result;
        GPUAAS_ASSIGN_OR_RETURN(const bool admitted,
                                stores::AdmitExecution(tx, id, OperationId(request.step().operation_id()),
                                                       request.execution(), clock_.Now()));
        GPUAAS_ASSIGN_OR_RETURN(const auto allocation, stores::GetAllocation(tx, id));
        result.set_admitted(admitted);
        result.set_state(std::string(domain::NameOf(allocation.state)));
        *result.mutable_limits() = limits_;
        if (admitted) *result.mutable_resume() = ResumeOf(allocation);
        result.set_detail(result.admitted()
                              ? std::to_string(allocation.gpus) + " x " + allocation.sku + " in " + allocation.region
                              : "the state is " + result.state());
        return result;
      });
}

absl::StatusOr<flow::v1::PlaceResult> AllocationActivities::Place(const flow::v1::StepRequest& request) {
  return database_.TransactFor<flow::v1::PlaceResult>(
      SystemScope(), [&](Transaction& tx) -> absl::StatusOr<flow::v1::PlaceResult> {
        const AllocationId id(request.allocation_id());
        stores::ReserveRequest wish;
        wish.allocation = id;
        wish.operation = OperationId(request.operation_id());
        wish.now = clock_.Now();
        const auto reservation = stores::ReserveGpus(tx, wish);
        flow::v1::PlaceResult result;
        if (reservation.ok()) {
          auto placed = To(AllocationState::kProvisioning, request, wish.now);
          placed.reason = reservation->explanation;
          GPUAAS_RETURN_IF_ERROR(stores::TransitionAllocation(tx, placed).status());
          result.mutable_placement()->set_node_id(reservation->node.str());
          for (const auto& uuid : reservation->gpu_uuids) result.mutable_placement()->add_gpu_uuids(uuid);
          result.set_detail(reservation->explanation);
          return result;
        }
        if (ErrorCodeOf(reservation.status()) != ErrorCode::kNoCapacity) return reservation.status();
        auto queued = To(AllocationState::kQueued, request, wish.now);
        queued.reason = std::string(reservation.status().message());
        GPUAAS_RETURN_IF_ERROR(stores::TransitionAllocation(tx, queued).status());
        GPUAAS_RETURN_IF_ERROR(stores::SetAllocationReason(tx, id, queued.reason, wish.now));
        GPUAAS_ASSIGN_OR_RETURN(const int position, stores::QueuePosition(tx, id));
        result.set_queue_position(static_cast<unsigned>(position));
        result.set_detail("position " + std::to_string(position) + " in the queue: " + queued.reason);
        return result;
      });
}

absl::StatusOr<flow::v1::ActivateResult> AllocationActivities::Activate(const flow::v1::ActivateRequest& request) {
  return database_.TransactFor<flow::v1::ActivateResult>(
      SystemScope(), [&](Transaction& tx) -> absl::StatusOr<flow::v1::ActivateResult> {
        auto active = To(AllocationState::kActive, request.step(), clock_.Now());
        const flow::v1::Endpoint& endpoint = request.endpoint();
        active.endpoint = stores::SshEndpoint{endpoint.host(), static_cast<int>(endpoint.port()), endpoint.user(),
                                              endpoint.host_public_key(), endpoint.host_key_fingerprint()};
        GPUAAS_ASSIGN_OR_RETURN(const auto allocation, stores::TransitionAllocation(tx, active));
        GPUAAS_RETURN_IF_ERROR(stores::OpenUsage(tx, active.id, allocation.activated_at.value_or(active.now)).status());
        GPUAAS_RETURN_IF_ERROR(stores::FinishOperation(tx, active.operation, absl::OkStatus(), active.now).status());
        return ActivateResultOf(allocation);
      });
}

// A refused extend ends its own operation as failed, never the allocation: the answer is the lease as it stands.
absl::StatusOr<flow::v1::ExtendResult> AllocationActivities::Extend(const flow::v1::ExtendRequest& request) {
  const AllocationId id(request.step().allocation_id());
  const OperationId operation(request.step().operation_id());
  const auto by = std::chrono::duration_cast<std::chrono::seconds>(FromProto(request.by()));
  auto extended = database_.TransactFor<stores::Allocation>(SystemScope(), [&](Transaction& tx) {
    return stores::ExtendAllocationLease(tx, id, operation, by, clock_.Now());
  });
  std::string refusal;
  if (!extended.ok()) {
    const absl::Status refused = extended.status();
    refusal = std::string(refused.message());
    if (InfoOf(ErrorCodeOf(refused)).retryable) return refused;
    extended = database_.TransactFor<stores::Allocation>(
        SystemScope(), [&](Transaction& tx) { return stores::RefuseExtend(tx, id, operation, refused, clock_.Now()); });
    if (!extended.ok()) return extended.status();
  }
  flow::v1::ExtendResult result;
  if (extended->lease_expires_at) *result.mutable_expires_at() = ToProto(*extended->lease_expires_at);
  result.set_detail((refusal.empty() ? "" : refusal + "; ") + LeaseOf(*extended));
  return result;
}

absl::StatusOr<flow::v1::Done> AllocationActivities::BeginRelease(const flow::v1::BeginReleaseRequest& request) {
  const absl::Status status = database_.Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    auto releasing = To(AllocationState::kReleasing, request.step(), clock_.Now());
    releasing.takes_over = true;
    releasing.reason = request.message();
    if (request.failed()) releasing.error_code = request.cause();
    return stores::TransitionAllocation(tx, releasing).status();
  });
  if (!status.ok()) return status;
  return DoneWith(request.failed() ? request.cause() : request.message());
}

absl::StatusOr<flow::v1::Done> AllocationActivities::CloseUsage(const flow::v1::CloseUsageRequest& request) {
  std::string detail;
  const absl::Status status = database_.Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    // Never after now, whatever a node's clock says; never proven to run: at its opening, which the store sees to.
    Time at;
    if (request.has_at()) at = std::min(std::chrono::floor<Time::duration>(FromProto(request.at())), clock_.Now());
    GPUAAS_ASSIGN_OR_RETURN(const auto closed,
                            stores::CloseUsage(tx, AllocationId(request.step().allocation_id()), at, request.cause()));
    detail = closed ? Gpus(closed->gpus) + " until " + FormatTime(*closed->closed_at) : "none was open";
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return DoneWith(std::move(detail));
}

absl::StatusOr<flow::v1::Done> AllocationActivities::FreePlacement(const flow::v1::StepRequest& request) {
  int freed = 0;
  const absl::Status status = database_.Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    const AllocationId id(request.allocation_id());
    GPUAAS_ASSIGN_OR_RETURN(const auto allocation, stores::GetAllocation(tx, id));
    GPUAAS_ASSIGN_OR_RETURN(freed, stores::FreeGpus(tx, id, clock_.Now()));
    return freed == 0 ? absl::OkStatus() : KickQueue(tx, allocation.region, clock_.Now()).status();
  });
  if (!status.ok()) return status;
  return DoneWith(Gpus(freed) + " freed");
}

absl::StatusOr<flow::v1::Done> AllocationActivities::Finish(const flow::v1::FinishRequest& request) {
  const absl::Status status = database_.Transact(SystemScope(), [&](Transaction& tx) -> absl::Status {
    const bool failed = request.state() == "failed";
    auto final = To(failed ? AllocationState::kFailed : AllocationState::kReleased, request.step(), clock_.Now());
    final.reason = request.message();
    if (failed) final.error_code = request.cause();
    GPUAAS_RETURN_IF_ERROR(stores::TransitionAllocation(tx, final).status());
    GPUAAS_ASSIGN_OR_RETURN(const auto operations,
                            stores::ListOperationsOf(tx, "allocation", request.step().allocation_id()));
    for (const stores::Operation& operation : operations) {
      if (operation.state != "running") continue;
      GPUAAS_RETURN_IF_ERROR(
          stores::FinishOperation(tx, operation.id, OutcomeOf(operation, request), final.now).status());
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return DoneWith(request.state() == "failed" ? request.cause() : request.message());
}

}  // namespace gpuaas::activities
