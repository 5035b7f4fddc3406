#pragma once

#include "absl/status/statusor.h"
#include "gpuaas/flow/v1/allocation.pb.h"

namespace gpuaas::platform {
class Clock;
class Database;
}  // namespace gpuaas::platform

namespace gpuaas::activities {

class AgentClient;
class StepRegistry;

// The bounds a production worker gives to its flows.
flow::v1::FlowLimits DefaultFlowLimits();

// The steps of workflows/allocation/steps.h, where their meaning is documented. Thread-safe; each is idempotent by
// (allocation, operation). Errors beside those named there: kNotFound, kDatabaseUnavailable and the database's others.
class AllocationActivities {
 public:
  // The references must outlive the object. `limits` are given to each flow at its admission.
  AllocationActivities(platform::Database& database, AgentClient& agents, const platform::Clock& clock,
                       flow::v1::FlowLimits limits);

  // The object must outlive the registry's use.
  void Register(StepRegistry& registry);

  absl::StatusOr<flow::v1::AdmitResult> Admit(const flow::v1::AdmitRequest& request);
  absl::StatusOr<flow::v1::PlaceResult> Place(const flow::v1::StepRequest& request);
  absl::StatusOr<flow::v1::Endpoint> Provision(const flow::v1::ProvisionRequest& request);
  absl::StatusOr<flow::v1::ActivateResult> Activate(const flow::v1::ActivateRequest& request);
  absl::StatusOr<flow::v1::ExtendResult> Extend(const flow::v1::ExtendRequest& request);
  absl::StatusOr<flow::v1::Done> BeginRelease(const flow::v1::BeginReleaseRequest& request);
  absl::StatusOr<flow::v1::RemovalResult> Deprovision(const flow::v1::StepRequest& request);
  absl::StatusOr<flow::v1::RemovalResult> Fence(const flow::v1::StepRequest& request);
  absl::StatusOr<flow::v1::Done> CloseUsage(const flow::v1::CloseUsageRequest& request);
  absl::StatusOr<flow::v1::Done> FreePlacement(const flow::v1::StepRequest& request);
  absl::StatusOr<flow::v1::Done> Finish(const flow::v1::FinishRequest& request);

 private:
  platform::Database& database_;
  AgentClient& agents_;
  const platform::Clock& clock_;
  const flow::v1::FlowLimits limits_;
};

}  // namespace gpuaas::activities
