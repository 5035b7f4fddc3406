#include "temporal/common/versioning.h"

#include "absl/strings/str_cat.h"

namespace temporal {

std::string WorkerDeploymentVersion::ToString() const { return absl::StrCat(deployment_name, ".", build_id); }

absl::Status CheckDeploymentName(const std::string& name) {
  if (name.empty()) return absl::InvalidArgumentError("a worker deployment needs a name");
  if (name.find_first_of(".:") == std::string::npos && !name.starts_with("__")) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", name, "' is no name of a worker deployment: '.', ':' and a beginning '__' are the server's"));
}

absl::Status CheckVersion(const WorkerDeploymentVersion& version) {
  if (absl::Status status = CheckDeploymentName(version.deployment_name); !status.ok()) return status;
  if (version.build_id.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a version of worker deployment '", version.deployment_name, "' needs a build id"));
  }
  if (!version.build_id.starts_with("__")) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", version.build_id, "' is no build id: a beginning '__' is the server's"));
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
