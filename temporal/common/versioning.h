#pragma once

#include <compare>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"

// Worker deployments: which workers run which workflows while several versions of the code are live.
namespace temporal {

// One version of a deployment: all workers of the same code and configuration.
struct WorkerDeploymentVersion {
  WorkerDeploymentVersion() {}
  WorkerDeploymentVersion(std::string deployment, std::string build)
      : deployment_name(std::move(deployment)), build_id(std::move(build)) {}

  std::string deployment_name;  // one for a service or application; without '.' and ':'
  std::string build_id;         // names the version within the deployment

  bool empty() const { return deployment_name.empty() && build_id.empty(); }
  std::string ToString() const;  // "<deployment name>.<build id>"
  auto operator<=>(const WorkerDeploymentVersion&) const = default;
};

// kInvalidArgument: what no server takes: no name, one with '.' or ':', or one that begins with "__".
absl::Status CheckDeploymentName(const std::string& name);
// kInvalidArgument: the name; no build id, or one that begins with "__".
absl::Status CheckVersion(const WorkerDeploymentVersion& version);

// What happens to a run when another version becomes current. The numbers are the wire's.
enum class VersioningBehavior {
  kUnspecified = 0,
  kPinned = 1,       // it stays with the version it began with, to its end
  kAutoUpgrade = 2,  // its next workflow task goes to the new version: the code has to patch what it changes
};

// What a worker says about itself.
struct WorkerDeploymentOptions {
  WorkerDeploymentOptions() {}
  // A versioned worker.
  explicit WorkerDeploymentOptions(WorkerDeploymentVersion of,
                                   VersioningBehavior behavior = VersioningBehavior::kUnspecified)
      : version(std::move(of)), use_versioning(true), default_versioning_behavior(behavior) {}

  WorkerDeploymentVersion version;
  // The worker gets the tasks that the deployment's routing sends to its version, and no others. False: the version is
  // only shown.
  bool use_versioning = false;
  // Of workflows that are registered without one. Only with use_versioning.
  VersioningBehavior default_versioning_behavior = VersioningBehavior::kUnspecified;
};

// What is said of one execution, in the place of what its workers say.
struct PinnedVersioningOverride {
  explicit PinnedVersioningOverride(WorkerDeploymentVersion to) : version(std::move(to)) {}
  WorkerDeploymentVersion version;  // goes over to children and the next run
  bool operator==(const PinnedVersioningOverride&) const = default;
};
struct AutoUpgradeVersioningOverride {
  AutoUpgradeVersioningOverride() {}
  bool operator==(const AutoUpgradeVersioningOverride&) const = default;
};
// Until one workflow task has been completed there; then what that version's workers say counts. Not every server
// knows it.
struct OneTimeVersioningOverride {
  explicit OneTimeVersioningOverride(WorkerDeploymentVersion to) : target_version(std::move(to)) {}
  WorkerDeploymentVersion target_version;
  bool operator==(const OneTimeVersioningOverride&) const = default;
};
using VersioningOverride =
    std::variant<PinnedVersioningOverride, AutoUpgradeVersioningOverride, OneTimeVersioningOverride>;

// kInvalidArgument: a version that cannot be one.
absl::Status CheckOverride(const VersioningOverride& versioning_override);

}  // namespace temporal
