#include "workflows/allocation/allocation_workflow.h"

#include <utility>

#include "temporal/workflow/registry.h"
#include "workflows/allocation/steps.h"
#include "workflows/common/escalation.h"
#include "workflows/common/time.h"

namespace gpuaas::workflows {

using flow::v1::AllocationOutcome;
using flow::v1::AllocationRequest;
using temporal::Task;

AllocationWorkflow::AllocationWorkflow(temporal::Context ctx)
    : ctx_(ctx), shielded_(ctx.Shielded()), life_(ctx.NewScope()) {}

Task<AllocationOutcome> AllocationWorkflow::Run(AllocationRequest request) {
  request_ = std::move(request);
  step_ = StepFor(request_.operation_id());
  const flow::v1::AllocationResume early = std::exchange(resume_, request_.resume());
  resume_.MergeFrom(early);  // signals came before this
  if (!request_.has_resume()) {
    const auto admitted = co_await Admit();
    if (!admitted.admitted()) co_return Outcome("duplicate", "state is " + admitted.state());
    *resume_.mutable_limits() = admitted.limits();
    resume_.MergeFrom(admitted.resume());
  }

  saga_.OnUnwind([this] { return Finish(); });
  try {
    co_await Live();
  } catch (const temporal::WorkflowFailure& failure) {
    EndBy(failure);
  }
  saga_.OnUnwind([this] { return BeginRelease(); });
  co_await saga_.Unwind([this](std::string cause) { return UnwindFailed(std::move(cause)); });
  co_return Outcome(FinalState(), ending_->cause);
}

// Shielded: a cancellation takes effect behind it, when it is known whether there is something to unwind.
Task<flow::v1::AdmitResult> AllocationWorkflow::Admit() {
  flow::v1::AdmitRequest request;
  *request.mutable_step() = step_;
  request.set_execution(ctx_.info().first_run_id);
  status_.set_phase("admit");
  co_return co_await shielded_.Execute(steps::kAdmit, request);
}

// Returns or throws when the allocation has to end.
Task<void> AllocationWorkflow::Live() {
  saga_.OnUnwind([this] { return FreePlacement(); });
  if (!resume_.has_placement()) co_await Place();

  saga_.OnUnwind([this] { return CloseUsage(); });
  saga_.OnUnwind([this] { return RemoveSandbox(); });
  if (!resume_.active()) co_await Activate(co_await Provision());

  co_await Serve();
}

// Waits as long as it takes; the order of the queue is the store's.
Task<void> AllocationWorkflow::Place() {
  const temporal::Context ctx = life_.context();
  if (!resume_.has_queued_since()) *resume_.mutable_queued_since() = ToProto(ctx.Now());
  const auto alert_at = FromProto(resume_.queued_since()) + FromProto(limits().queue_alert());
  const auto slow = Item("queue_slow", "The allocation has been waiting for capacity for long.");
  status_.set_phase("place");
  for (;;) {
    capacity_ = false;
    const auto result = co_await ctx.Execute(steps::kPlace, step_);
    status_.set_queue_position(result.queue_position());
    if (result.has_placement()) {
      *resume_.mutable_placement() = result.placement();
      break;
    }
    if (!resume_.queue_alerted() && ctx.Now() >= alert_at) {
      co_await ctx.Execute(steps::kRaiseItem, slow);
      resume_.set_queue_alerted(true);
    }
    ContinueAsNewWhenLong();
    co_await ctx.UntilFor([this] { return capacity_; }, FromProto(limits().queue_retry()));
  }
  if (resume_.queue_alerted()) co_await ctx.Execute(steps::kResolveItem, slow);
}

Task<flow::v1::Endpoint> AllocationWorkflow::Provision() {
  const temporal::Context ctx = life_.context();
  flow::v1::ProvisionRequest request;
  *request.mutable_step() = step_;
  *request.mutable_placement() = resume_.placement();
  auto provision = steps::kProvision;
  provision.options.WithScheduleToClose(FromProto(limits().provision_bound()));
  status_.set_phase("provision");
  co_return co_await Escalated(ctx, ctx.Execute(provision, request), FromProto(limits().provision_alert()),
                               Item("provision_slow", "The node does not get the sandbox ready."));
}

Task<void> AllocationWorkflow::Activate(flow::v1::Endpoint endpoint) {
  flow::v1::ActivateRequest request;
  *request.mutable_step() = step_;
  *request.mutable_endpoint() = std::move(endpoint);
  status_.set_phase("activate");
  const auto active = co_await life_.context().Execute(steps::kActivate, request);
  resume_.set_active(true);
  if (active.has_expires_at()) *resume_.mutable_expires_at() = active.expires_at();
}

Task<void> AllocationWorkflow::Serve() {
  const temporal::Context ctx = life_.context();
  status_.set_phase("active");
  for (;;) {
    const auto asked = [this] { return resume_.extends_size() > 0; };
    if (!resume_.has_expires_at()) {
      co_await ctx.Until(asked);
    } else if (!co_await ctx.UntilFor(asked, FromProto(resume_.expires_at()) - ctx.Now())) {
      End({.cause = "lease_expired", .message = "The lease has ended."});
      co_return;
    }
    const flow::v1::ExtendSignal extend = resume_.extends(0);
    flow::v1::ExtendRequest request;
    *request.mutable_step() = StepFor(extend.operation_id());
    *request.mutable_by() = extend.by();
    *resume_.mutable_expires_at() = (co_await ctx.Execute(steps::kMoveLease, request)).expires_at();
    resume_.mutable_extends()->erase(resume_.extends().begin());
    ContinueAsNewWhenLong();
  }
}

Task<void> AllocationWorkflow::BeginRelease() {
  status_.set_phase("release");
  if (!ending_->operation_id.empty()) step_ = StepFor(ending_->operation_id);
  flow::v1::BeginReleaseRequest request;
  *request.mutable_step() = step_;
  request.set_cause(ending_->cause);
  request.set_message(ending_->message);
  request.set_failed(ending_->failed);
  co_await shielded_.Execute(steps::kBeginRelease, request);
}

// Always ends: a node that does not answer within the bound has lost its contact and fences itself.
Task<void> AllocationWorkflow::RemoveSandbox() {
  bool removed = false;
  if (!node_lost_) {
    auto remove = steps::kDeprovision;
    remove.options.WithScheduleToClose(FromProto(limits().removal_bound()));
    status_.set_phase("deprovision");
    try {
      removal_ = co_await shielded_.Execute(remove, step_);
      removed = true;
    } catch (const temporal::ActivityError&) {
    }
  }
  if (removed) co_return;
  status_.set_phase("fence");
  co_await shielded_.Execute(steps::kRaiseItem, Item("node_fenced", "The node could not remove the sandbox itself."));
  removal_ = co_await shielded_.Execute(steps::kFence, step_);
}

Task<void> AllocationWorkflow::CloseUsage() {
  flow::v1::CloseUsageRequest request;
  *request.mutable_step() = step_;
  if (removal_.has_last_proven_at()) *request.mutable_at() = removal_.last_proven_at();
  request.set_cause(ending_->cause);
  co_await Escalated(shielded_, shielded_.Execute(steps::kCloseUsage, request), FromProto(limits().undo_alert()),
                     Item("undo_slow", "The usage interval does not close."));
}

Task<void> AllocationWorkflow::FreePlacement() {
  co_await Escalated(shielded_, shielded_.Execute(steps::kFreePlacement, step_), FromProto(limits().undo_alert()),
                     Item("undo_slow", "The GPUs are not freed."));
}

Task<void> AllocationWorkflow::Finish() {
  flow::v1::FinishRequest request;
  *request.mutable_step() = step_;
  request.set_state(FinalState());
  request.set_cause(ending_->cause);
  request.set_message(ending_->message);
  status_.set_phase("finish");
  co_await shielded_.Execute(steps::kFinish, request);
}

Task<void> AllocationWorkflow::UnwindFailed(std::string cause) {
  co_await shielded_.Execute(steps::kRaiseItem, Item("undo_failed", "A compensation fails: " + cause));
  co_await shielded_.Sleep(FromProto(limits().undo_alert()));
}

void AllocationWorkflow::OnRelease(flow::v1::ReleaseSignal signal) {
  End({.cause = signal.cause().empty() ? "user_request" : signal.cause(),
       .message = signal.reason().empty() ? "Released on request." : signal.reason(),
       .operation_id = signal.operation_id()});
}

void AllocationWorkflow::OnExtend(flow::v1::ExtendSignal signal) { *resume_.add_extends() = std::move(signal); }

void AllocationWorkflow::OnNodeLost(flow::v1::NodeLostSignal signal) {
  if (signal.node_id() != resume_.placement().node_id()) return;
  node_lost_ = true;
  End({.cause = "node_lost", .message = "The node has been without contact for too long."});
}

void AllocationWorkflow::OnCapacity(flow::v1::CapacitySignal) { capacity_ = true; }

flow::v1::AllocationStatus AllocationWorkflow::Status() const {
  flow::v1::AllocationStatus status = status_;
  status.set_node_id(resume_.placement().node_id());
  if (resume_.has_expires_at()) *status.mutable_expires_at() = resume_.expires_at();
  return status;
}

void AllocationWorkflow::End(Ending ending) {
  if (ending_) return;
  ending_ = std::move(ending);
  life_.Cancel(ending_->cause);
}

void AllocationWorkflow::EndBy(const temporal::WorkflowFailure& failure) {
  if (temporal::IsCancellation(failure)) return End({.cause = "cancelled", .message = "The workflow was cancelled."});
  const std::string code = failure.type();
  End({.cause = code.empty() ? "deadline_exceeded" : code,
       .message = std::string(failure.status().message()),
       .failed = true});
}

void AllocationWorkflow::ContinueAsNewWhenLong() {
  const temporal::Context ctx = life_.context();
  ctx.ThrowIfCancelled();
  if (!ctx.continue_as_new_suggested()) return;
  AllocationRequest next = request_;
  *next.mutable_resume() = resume_;
  ctx.ContinueAsNew(next);
}

const flow::v1::FlowLimits& AllocationWorkflow::limits() const { return resume_.limits(); }

std::string AllocationWorkflow::FinalState() const { return ending_->failed ? "failed" : "released"; }

flow::v1::StepRequest AllocationWorkflow::StepFor(const std::string& operation_id) const {
  flow::v1::StepRequest step;
  step.set_allocation_id(request_.allocation_id());
  step.set_operation_id(operation_id);
  step.set_tenant_id(request_.tenant_id());
  step.set_correlation_id(request_.correlation_id());
  return step;
}

flow::v1::OpsItemRequest AllocationWorkflow::Item(const std::string& kind, const std::string& summary) const {
  flow::v1::OpsItemRequest item;
  item.set_resource_id(request_.allocation_id());
  item.set_operation_id(step_.operation_id());
  item.set_tenant_id(request_.tenant_id());
  item.set_kind(kind);
  item.set_summary(summary);
  return item;
}

AllocationOutcome AllocationWorkflow::Outcome(const std::string& state, const std::string& cause) const {
  AllocationOutcome outcome;
  outcome.set_allocation_id(request_.allocation_id());
  outcome.set_state(state);
  outcome.set_cause(cause);
  return outcome;
}

void RegisterAllocation(temporal::WorkflowRegistry& registry) {
  registry.Add<AllocationWorkflow>(kAllocation)
      .Signal(kRelease, &AllocationWorkflow::OnRelease)
      .Signal(kExtend, &AllocationWorkflow::OnExtend)
      .Signal(kNodeLost, &AllocationWorkflow::OnNodeLost)
      .Signal(kCapacity, &AllocationWorkflow::OnCapacity)
      .Query(kAllocationStatus, &AllocationWorkflow::Status);
}

}  // namespace gpuaas::workflows
