#pragma once

#include <deque>
#include <string>

#include "gpuaas/flow/v1/node.pb.h"
#include "temporal/workflow/context.h"

namespace temporal {
class WorkflowRegistry;
}

namespace gpuaas::workflows {

// One node from its enrolment until it is reclaimed: an entity that takes observations (late, lost, back, sandboxes
// without an allocation) and orders (cordon, uncordon, drain, reclaim) one after the other, in the order in which they
// came.
class NodeWorkflow {
 public:
  explicit NodeWorkflow(temporal::Context ctx) : ctx_(ctx) {}

  temporal::Task<flow::v1::NodeOutcome> Run(flow::v1::NodeRequest request);

  void OnLate(flow::v1::NodeSignal signal) { Take(Kind::kLate, signal); }
  void OnLost(flow::v1::NodeSignal signal) { Take(Kind::kLost, signal); }
  void OnBack(flow::v1::NodeSignal signal) { Take(Kind::kBack, signal); }
  void OnReconcile(flow::v1::NodeSignal signal);
  void OnCordon(flow::v1::NodeSignal signal) { Take(Kind::kCordon, signal); }
  void OnUncordon(flow::v1::NodeSignal signal) { Take(Kind::kUncordon, signal); }
  void OnDrain(flow::v1::NodeSignal signal) { Take(Kind::kDrain, signal); }
  void OnReclaim(flow::v1::NodeSignal signal) { Take(Kind::kReclaim, signal); }
  flow::v1::NodeStatus Status() const { return status_; }

 private:
  enum class Kind { kLate, kLost, kBack, kReconcile, kCordon, kUncordon, kDrain, kReclaim, kLook };
  struct Message {
    Kind kind;
    flow::v1::NodeSignal signal;
  };

  void Take(Kind kind, const flow::v1::NodeSignal& signal) { inbox_.push_back({kind, signal}); }
  temporal::Task<void> Handle(Message message);
  temporal::Task<void> BeginDrain(flow::v1::NodeStep order, bool reclaim);
  temporal::Task<void> ContinueDrain();
  temporal::Task<void> CallOffDrain();
  temporal::Task<void> Enter(flow::v1::NodeStep step, std::string state, bool ends_operation);

  flow::v1::NodeStep StepOf(const flow::v1::NodeSignal& signal) const;
  bool reclaimed() const { return status_.state() == "reclaimed"; }

  const temporal::Context ctx_;
  flow::v1::NodeRequest request_;
  flow::v1::NodeStatus status_;
  std::deque<Message> inbox_;
};

void RegisterNode(temporal::WorkflowRegistry& registry);

}  // namespace gpuaas::workflows
