#pragma once

#include "gpuaas/flow/v1/allocation.pb.h"
#include "workflows/common/step.h"

// What the flow of an allocation is made of: its type, its signals and query, and the steps that activities/allocation
// implements. Every step is idempotent by (allocation, operation, step).
namespace gpuaas::workflows {

inline constexpr temporal::WorkflowRef<flow::v1::AllocationRequest, flow::v1::AllocationOutcome> kAllocation{
    "allocation"};

inline constexpr temporal::SignalRef<flow::v1::ReleaseSignal> kRelease{"release"};
inline constexpr temporal::SignalRef<flow::v1::ExtendSignal> kExtend{"extend"};
inline constexpr temporal::SignalRef<flow::v1::CapacitySignal> kCapacity{"capacity"};
inline constexpr temporal::SignalRef<flow::v1::NodeLostSignal> kNodeLost{"node_lost"};

inline constexpr temporal::QueryRef<temporal::Nothing, flow::v1::AllocationStatus> kAllocationStatus{"status"};

namespace steps {

// The guard, a compare-and-set of (state requested, operation, no execution yet): a late duplicate start is not
// admitted; the execution that drives the allocation is admitted again, with how far it had come.
inline const temporal::Step<flow::v1::AdmitRequest, flow::v1::AdmitResult> kAdmit{"allocation.Admit", InDatabase()};

// GPUs of one node in one transaction, state provisioning; without capacity state queued, and the place in the queue.
// invalid_state: the allocation is being released.
inline const temporal::Step<flow::v1::StepRequest, flow::v1::PlaceResult> kPlace{"allocation.Place", InDatabase()};

// The node agent makes the sandbox. node_unreachable is retried; invalid_state (it is being taken down) is final.
inline const temporal::Step<flow::v1::ProvisionRequest, flow::v1::Endpoint> kProvision{"allocation.Provision",
                                                                                       OnNode()};

// State active with its endpoint and lease end, and an open usage interval, in one transaction.
inline const temporal::Step<flow::v1::ActivateRequest, flow::v1::ActivateResult> kActivate{"allocation.Activate",
                                                                                           InDatabase()};

// Moves the lease end, once per extend operation.
inline const temporal::Step<flow::v1::ExtendRequest, flow::v1::ExtendResult> kMoveLease{"allocation.Extend",
                                                                                        InDatabase()};

// State releasing with its cause: from here on no earlier step can take effect any more.
inline const temporal::Step<flow::v1::BeginReleaseRequest, flow::v1::Done> kBeginRelease{"allocation.BeginRelease",
                                                                                         InDatabase()};

// The node agent removes the sandbox, if there is one. The flow bounds it, then fences.
inline const temporal::Step<flow::v1::StepRequest, flow::v1::RemovalResult> kDeprovision{"allocation.Deprovision",
                                                                                         OnNode()};

// Records that the node could not be asked: the end is the last moment at which the sandbox was proven to run. A node
// that is in contact all the same is cordoned, with an ops item.
inline const temporal::Step<flow::v1::StepRequest, flow::v1::RemovalResult> kFence{"allocation.Fence", InDatabase()};

// Closes the usage interval at the last proven moment; none open is success.
inline const temporal::Step<flow::v1::CloseUsageRequest, flow::v1::Done> kCloseUsage{"allocation.CloseUsage",
                                                                                     InDatabase()};

// Frees the GPUs and tells the next in the queue; nothing placed is success.
inline const temporal::Step<flow::v1::StepRequest, flow::v1::Done> kFreePlacement{"allocation.FreePlacement",
                                                                                  InDatabase()};

// The final state, and the end of the operations that led to it.
inline const temporal::Step<flow::v1::FinishRequest, flow::v1::Done> kFinish{"allocation.Finish", InDatabase()};

}  // namespace steps
}  // namespace gpuaas::workflows
