#pragma once

#include <optional>
#include <string>

#include "temporal/api/deployment/v1/message.pb.h"
#include "temporal/api/workflow/v1/message.pb.h"
#include "temporal/common/versioning.h"

// Between the types of versioning.h and protobuf's. For .cc files.
namespace temporal {

api::deployment::v1::WorkerDeploymentVersion ToProto(const WorkerDeploymentVersion& version);
WorkerDeploymentVersion FromProto(const api::deployment::v1::WorkerDeploymentVersion& version);
// What servers before 1.28 write instead: "<deployment name>.<build id>". Null: neither that nor a version.
std::optional<WorkerDeploymentVersion> VersionOf(const api::deployment::v1::WorkerDeploymentVersion* version,
                                                 const std::string& text);

api::deployment::v1::WorkerDeploymentOptions ToProto(const WorkerDeploymentOptions& options);

api::workflow::v1::VersioningOverride ToProto(const VersioningOverride& versioning_override);
// Null: of a kind that is not known here.
std::optional<VersioningOverride> FromProto(const api::workflow::v1::VersioningOverride& versioning_override);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
// Says in a worker's poll or answer what it is built from. The build id goes into the deprecated fields too: without a
// deployment a history shows it nowhere else.
template <class Request>
void FillVersion(const std::string& build_id, const WorkerDeploymentOptions& deployment, Request& request) {
  if (!deployment.version.empty()) *request.mutable_deployment_options() = ToProto(deployment);
  if (build_id.empty()) return;
  if constexpr (requires { request.mutable_worker_version_capabilities(); }) {
    request.mutable_worker_version_capabilities()->set_build_id(build_id);
  } else if constexpr (requires { request.mutable_worker_version_stamp(); }) {
    request.mutable_worker_version_stamp()->set_build_id(build_id);
  } else {
    request.mutable_worker_version()->set_build_id(build_id);
  }
}
#pragma GCC diagnostic pop

}  // namespace temporal
