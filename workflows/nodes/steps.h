#pragma once

#include "gpuaas/flow/v1/allocation.pb.h"
#include "gpuaas/flow/v1/node.pb.h"
#include "workflows/common/step.h"

// What the flow of a node is made of; activities/nodes implements the steps. The messages say what each does.
namespace gpuaas::workflows {

inline constexpr temporal::WorkflowRef<flow::v1::NodeRequest, flow::v1::NodeOutcome> kNode{"node"};

// From the region's sweep.
inline constexpr temporal::SignalRef<flow::v1::NodeSignal> kLate{"late"};
inline constexpr temporal::SignalRef<flow::v1::NodeSignal> kLost{"lost"};
inline constexpr temporal::SignalRef<flow::v1::NodeSignal> kBack{"back"};
inline constexpr temporal::SignalRef<flow::v1::NodeSignal> kReconcileNow{"reconcile"};
// From operators.
inline constexpr temporal::SignalRef<flow::v1::NodeSignal> kCordon{"cordon"};
inline constexpr temporal::SignalRef<flow::v1::NodeSignal> kUncordon{"uncordon"};
inline constexpr temporal::SignalRef<flow::v1::NodeSignal> kDrain{"drain"};
inline constexpr temporal::SignalRef<flow::v1::NodeSignal> kReclaim{"reclaim"};

inline constexpr temporal::QueryRef<temporal::Nothing, flow::v1::NodeStatus> kNodeStatus{"status"};

namespace steps {

inline const temporal::Step<flow::v1::NodeTransition, flow::v1::NodeTransitionResult> kTransition{"nodes.Transition",
                                                                                                  InDatabase()};
inline const temporal::Step<flow::v1::NodeStep, flow::v1::NodeStepResult> kNotifyLost{"nodes.NotifyLost", InDatabase()};
inline const temporal::Step<flow::v1::NodeStep, flow::v1::NodeStepResult> kReleaseAll{"nodes.ReleaseAll", InDatabase()};
inline const temporal::Step<flow::v1::NodeStep, flow::v1::NodeStepResult> kCountLiving{"nodes.CountLiving",
                                                                                       InDatabase()};
inline const temporal::Step<flow::v1::NodeStep, flow::v1::Done> kCallOff{"nodes.CallOff", InDatabase()};
inline const temporal::Step<flow::v1::NodeStep, flow::v1::NodeStepResult> kReconcile{
    "nodes.Reconcile", OnNode().WithScheduleToClose(10min)};
inline const temporal::Step<flow::v1::NodeStep, flow::v1::Done> kRevokeCertificate{"nodes.RevokeCertificate",
                                                                                   InDatabase()};

}  // namespace steps
}  // namespace gpuaas::workflows
