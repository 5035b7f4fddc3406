#include "workflows/nodes/node_workflow.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "temporal/workflow/registry.h"
#include "workflows/common/ops_steps.h"
#include "workflows/nodes/steps.h"

namespace gpuaas::workflows {

using temporal::Task;

namespace {

// How often a draining node is looked at.
constexpr temporal::Duration kDrainPoll = 15s;
// How long the sweep's wish may keep other messages waiting; it comes back while there is need.
constexpr temporal::Duration kReconcileBound = 1min;

}  // namespace

Task<flow::v1::NodeOutcome> NodeWorkflow::Run(flow::v1::NodeRequest request) {
  request_ = std::move(request);
  if (request_.has_resume()) {
    status_ = request_.resume();
  } else {
    status_.set_state("enrolled");
    status_.set_contact("ok");
  }
  while (!reclaimed()) {
    const auto something = [this] { return !inbox_.empty(); };
    if (!status_.has_draining()) {
      co_await ctx_.Until(something);
    } else if (!co_await ctx_.UntilFor(something, kDrainPoll)) {
      inbox_.push_back({Kind::kLook, {}});
    }
    Message message = std::move(inbox_.front());
    inbox_.pop_front();
    co_await Handle(std::move(message));
    if (inbox_.empty() && !reclaimed() && ctx_.continue_as_new_suggested()) {
      *request_.mutable_resume() = status_;
      ctx_.ContinueAsNew(request_);
    }
  }
  flow::v1::NodeOutcome outcome;
  outcome.set_node_id(request_.node_id());
  outcome.set_state(status_.state());
  co_return outcome;
}

// A step that fails for good leaves an ops item; the node goes on with its next message.
Task<void> NodeWorkflow::Handle(Message message) {
  const flow::v1::NodeStep step = message.kind == Kind::kLook ? status_.draining() : StepOf(message.signal);
  std::optional<std::string> failure;
  try {
    switch (message.kind) {
      case Kind::kLate:
        status_.set_contact("late");
        break;
      case Kind::kLost:
        status_.set_contact("lost");
        co_await ctx_.Execute(steps::kNotifyLost, step);
        break;
      case Kind::kBack:
        status_.set_contact("ok");
        co_await ctx_.Execute(steps::kReconcile, step);
        break;
      case Kind::kReconcile: {
        auto reconcile = steps::kReconcile;
        reconcile.options.WithScheduleToClose(kReconcileBound);
        co_await ctx_.Execute(reconcile, step);
        break;
      }
      case Kind::kCordon:
        co_await CallOffDrain();
        co_await Enter(step, "cordoned", true);
        break;
      case Kind::kUncordon:
        co_await CallOffDrain();
        co_await Enter(step, "active", true);
        break;
      case Kind::kDrain:
        co_await BeginDrain(step, false);
        break;
      case Kind::kReclaim:
        co_await BeginDrain(step, true);
        break;
      case Kind::kLook:
        if (status_.has_draining()) co_await ContinueDrain();
        break;
    }
  } catch (const temporal::ActivityError& error) {
    failure = std::string(error.status().message());
  }
  if (!failure) co_return;
  flow::v1::OpsItemRequest item;
  item.set_resource_id(request_.node_id());
  item.set_operation_id(step.operation_id());
  item.set_kind("node_step_failed");
  item.set_summary("A step on the node failed: " + *failure);
  co_await ctx_.Execute(steps::kRaiseItem, item);
}

// One that waits already will do.
void NodeWorkflow::OnReconcile(flow::v1::NodeSignal signal) {
  const auto waits = [](const Message& message) { return message.kind == Kind::kReconcile; };
  if (std::none_of(inbox_.begin(), inbox_.end(), waits)) Take(Kind::kReconcile, signal);
}

Task<void> NodeWorkflow::BeginDrain(flow::v1::NodeStep order, bool reclaim) {
  co_await Enter(order, "draining", false);
  const bool never_used = reclaim && status_.state() == "enrolled";
  if (status_.state() != "draining" && !never_used) {
    co_await Enter(order, "draining", true);  // refused again: the order ends with the cause
    co_return;
  }
  co_await CallOffDrain();
  *status_.mutable_draining() = order;
  status_.set_reclaim(reclaim);
  co_await ctx_.Execute(steps::kReleaseAll, order);
  co_await ContinueDrain();
}

// Allocations that came while it began to drain are asked too, hence ReleaseAll each time.
Task<void> NodeWorkflow::ContinueDrain() {
  const flow::v1::NodeStep order = status_.draining();
  if ((co_await ctx_.Execute(steps::kCountLiving, order)).affected() > 0) {
    co_await ctx_.Execute(steps::kReleaseAll, order);
    co_return;
  }
  if (status_.reclaim()) co_await ctx_.Execute(steps::kRevokeCertificate, order);
  co_await Enter(order, status_.reclaim() ? "reclaimed" : "cordoned", true);
  status_.clear_draining();
  status_.set_reclaim(false);
}

// An order that another one takes the place of: its operation ends, too.
Task<void> NodeWorkflow::CallOffDrain() {
  if (!status_.has_draining()) co_return;
  const flow::v1::NodeStep order = status_.draining();
  status_.clear_draining();
  status_.set_reclaim(false);
  co_await ctx_.Execute(steps::kCallOff, order);
}

Task<void> NodeWorkflow::Enter(flow::v1::NodeStep step, std::string state, bool ends_operation) {
  flow::v1::NodeTransition transition;
  *transition.mutable_step() = std::move(step);
  transition.set_state(std::move(state));
  transition.set_ends_operation(ends_operation);
  status_.set_state((co_await ctx_.Execute(steps::kTransition, transition)).state());
}

flow::v1::NodeStep NodeWorkflow::StepOf(const flow::v1::NodeSignal& signal) const {
  flow::v1::NodeStep step;
  step.set_node_id(request_.node_id());
  step.set_operation_id(signal.operation_id());
  step.set_correlation_id(signal.correlation_id());
  step.set_reason(signal.reason());
  return step;
}

void RegisterNode(temporal::WorkflowRegistry& registry) {
  registry.Add<NodeWorkflow>(kNode)
      .Signal(kLate, &NodeWorkflow::OnLate)
      .Signal(kLost, &NodeWorkflow::OnLost)
      .Signal(kBack, &NodeWorkflow::OnBack)
      .Signal(kReconcileNow, &NodeWorkflow::OnReconcile)
      .Signal(kCordon, &NodeWorkflow::OnCordon)
      .Signal(kUncordon, &NodeWorkflow::OnUncordon)
      .Signal(kDrain, &NodeWorkflow::OnDrain)
      .Signal(kReclaim, &NodeWorkflow::OnReclaim)
      .Query(kNodeStatus, &NodeWorkflow::Status);
}

}  // namespace gpuaas::workflows
