#include "temporal/common/versioning.h"

#include "absl/strings/str_cat.h"

namespace temporal {

std::string WorkerDeploymentVersion::ToString() const { return absl::StrCat(deployment_name, ".", build_id); }

absl::Status CheckDeploymentName(const std::string& name) {
  if (name.empty()) return absl::InvalidArgumentError("a worker deployment needs a name");
  if (name.find('.') != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("the name of worker deployment '", name, "' has a '.', which separates names from build ids"));
  }
  return absl::OkStatus();
}

absl::Status CheckVersion(const WorkerDeploymentVersion& version) {
  if (absl::Status status = CheckDeploymentName(version.deployment_name); !status.ok()) return status;
  if (!version.build_id.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a version of worker deployment '", version.deployment_name, "' needs a build id"));
}

absl::Status CheckOverride(const VersioningOverride& versioning_override) {
  if (const auto* pinned = std::get_if<PinnedVersioningOverride>(&versioning_override)) {
    return CheckVersion(pinned->version);
  }
  if (const auto* once = std::get_if<OneTimeVersioningOverride>(&versioning_override)) {
    return CheckVersion(once->target_version);
  }
  return absl::OkStatus();
}

}  // namespace temporal
