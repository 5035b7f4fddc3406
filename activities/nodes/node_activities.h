#pragma once

#include "absl/status/statusor.h"
#include "gpuaas/flow/v1/allocation.pb.h"
#include "gpuaas/flow/v1/node.pb.h"

namespace gpuaas::platform {
class Clock;
class Database;
class Vault;
}  // namespace gpuaas::platform

namespace gpuaas::activities {

class AgentClient;
class StepRegistry;

// The steps of workflows/nodes/steps.h. Thread-safe; each is idempotent by (node, operation). Errors: kNotFound, those
// of the database, of the agent client (Reconcile) and of Vault (RevokeCertificate).
class NodeActivities {
 public:
  // The references must outlive the object.
  NodeActivities(platform::Database& database, AgentClient& agents, platform::Vault& vault,
                 const platform::Clock& clock)
      : database_(database), agents_(agents), vault_(vault), clock_(clock) {}

  // The object must outlive the registry's use.
  void Register(StepRegistry& registry);

  absl::StatusOr<flow::v1::NodeTransitionResult> Transition(const flow::v1::NodeTransition& request);
  absl::StatusOr<flow::v1::NodeStepResult> NotifyLost(const flow::v1::NodeStep& request);
  absl::StatusOr<flow::v1::NodeStepResult> ReleaseAll(const flow::v1::NodeStep& request);
  absl::StatusOr<flow::v1::NodeStepResult> CountLiving(const flow::v1::NodeStep& request);
  absl::StatusOr<flow::v1::Done> CallOff(const flow::v1::NodeStep& request);
  absl::StatusOr<flow::v1::NodeStepResult> Reconcile(const flow::v1::NodeStep& request);
  absl::StatusOr<flow::v1::Done> RevokeCertificate(const flow::v1::NodeStep& request);

 private:
  platform::Database& database_;
  AgentClient& agents_;
  platform::Vault& vault_;
  const platform::Clock& clock_;
};

}  // namespace gpuaas::activities
