#include <utility>

#include "activities/allocation/allocation_activities.h"
#include "activities/common/step_registry.h"
#include "workflows/allocation/steps.h"
#include "workflows/common/time.h"

namespace gpuaas::activities {

using namespace std::chrono_literals;
namespace steps = workflows::steps;
using workflows::ToProto;

flow::v1::FlowLimits DefaultFlowLimits() {
  flow::v1::FlowLimits limits;
  *limits.mutable_queue_retry() = ToProto(60s);
  *limits.mutable_queue_alert() = ToProto(24h);
  *limits.mutable_provision_alert() = ToProto(2min);
  *limits.mutable_provision_bound() = ToProto(15min);
  *limits.mutable_removal_bound() = ToProto(15min);
  *limits.mutable_undo_alert() = ToProto(5min);
  return limits;
}

AllocationActivities::AllocationActivities(platform::Database& database, AgentClient& agents,
                                           const platform::Clock& clock, flow::v1::FlowLimits limits)
    : database_(database), agents_(agents), clock_(clock), limits_(std::move(limits)) {}

void AllocationActivities::Register(StepRegistry& registry) {
  const auto add = [&](const auto& step, auto method) {
    registry.Add(step, [this, method](const auto& request) { return (this->*method)(request); });
  };
  add(steps::kAdmit, &AllocationActivities::Admit);
  add(steps::kPlace, &AllocationActivities::Place);
  add(steps::kProvision, &AllocationActivities::Provision);
  add(steps::kActivate, &AllocationActivities::Activate);
  add(steps::kMoveLease, &AllocationActivities::Extend);
  add(steps::kBeginRelease, &AllocationActivities::BeginRelease);
  add(steps::kDeprovision, &AllocationActivities::Deprovision);
  add(steps::kFence, &AllocationActivities::Fence);
  add(steps::kCloseUsage, &AllocationActivities::CloseUsage);
  add(steps::kFreePlacement, &AllocationActivities::FreePlacement);
  add(steps::kFinish, &AllocationActivities::Finish);
}

}  // namespace gpuaas::activities
