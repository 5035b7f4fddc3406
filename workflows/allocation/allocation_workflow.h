#pragma once

#include <optional>
#include <string>

#include "gpuaas/flow/v1/allocation.pb.h"
#include "temporal/workflow/context.h"
#include "workflows/common/saga.h"

namespace temporal {
class WorkflowRegistry;
}

namespace gpuaas::workflows {

// One allocation from its request to its end:
//
//   admit -> place (or queue) -> provision -> activate -> serve -> release -> unwind -> finish
//
// What ends it early or late (release, lease end, lost node, cancellation, a step that fails for good) is one `Ending`:
// it cancels the scope in which the allocation lives, and the unwinding, which nothing cancels, is the same for all.
class AllocationWorkflow {
 public:
  explicit AllocationWorkflow(temporal::Context ctx);

  temporal::Task<flow::v1::AllocationOutcome> Run(flow::v1::AllocationRequest request);

  void OnRelease(flow::v1::ReleaseSignal signal);
  void OnExtend(flow::v1::ExtendSignal signal);
  void OnNodeLost(flow::v1::NodeLostSignal signal);
  void OnCapacity(flow::v1::CapacitySignal signal);
  flow::v1::AllocationStatus Status() const;

 private:
  // Why it ends; the first reason counts.
  struct Ending {
    std::string cause;
    std::string message;
    std::string operation_id;  // of the release, where somebody asked for it
    bool failed = false;
  };

  temporal::Task<flow::v1::AdmitResult> Admit();
  temporal::Task<void> Live();
  temporal::Task<void> Place();
  temporal::Task<flow::v1::Endpoint> Provision();
  temporal::Task<void> Activate(flow::v1::Endpoint endpoint);
  temporal::Task<void> Serve();

  // Compensations, in the order in which they run.
  temporal::Task<void> BeginRelease();
  temporal::Task<void> RemoveSandbox();
  temporal::Task<void> CloseUsage();
  temporal::Task<void> FreePlacement();
  temporal::Task<void> Finish();
  temporal::Task<void> UnwindFailed(std::string cause);

  void End(Ending ending);
  void EndBy(const temporal::WorkflowFailure& failure);
  void ContinueAsNewWhenLong();
  const flow::v1::FlowLimits& limits() const;
  std::string FinalState() const;
  flow::v1::StepRequest StepFor(const std::string& operation_id) const;
  flow::v1::OpsItemRequest Item(const std::string& kind, const std::string& summary) const;
  flow::v1::AllocationOutcome Outcome(const std::string& state, const std::string& cause) const;

  const temporal::Context ctx_;
  const temporal::Context shielded_;
  const temporal::CancellationScope life_;
  Saga saga_;

  flow::v1::AllocationRequest request_;
  flow::v1::StepRequest step_;         // in the name of the operation that drives the flow now
  flow::v1::AllocationResume resume_;  // what the next run would need
  flow::v1::RemovalResult removal_;
  flow::v1::AllocationStatus status_;
  std::optional<Ending> ending_;
  bool capacity_ = false;  // something became free since the last attempt to place
  bool node_lost_ = false;
};

void RegisterAllocation(temporal::WorkflowRegistry& registry);

}  // namespace gpuaas::workflows
