#include "temporal/common/versioning_proto.h"

// For the deprecated fields, in which servers before 1.28 look.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace temporal {

namespace enums = api::enums::v1;
using ProtoOverride = api::workflow::v1::VersioningOverride;

api::deployment::v1::WorkerDeploymentVersion ToProto(const WorkerDeploymentVersion& version) {
  api::deployment::v1::WorkerDeploymentVersion proto;
  proto.set_deployment_name(version.deployment_name);
  proto.set_build_id(version.build_id);
  return proto;
}

WorkerDeploymentVersion FromProto(const api::deployment::v1::WorkerDeploymentVersion& version) {
  return WorkerDeploymentVersion(version.deployment_name(), version.build_id());
}

std::optional<WorkerDeploymentVersion> VersionOf(const api::deployment::v1::WorkerDeploymentVersion* version,
                                                 const std::string& text) {
  if (version != nullptr) return FromProto(*version);
  const size_t dot = text.find('.');  // "__unversioned__" has none
  if (dot == std::string::npos) return std::nullopt;
  return WorkerDeploymentVersion(text.substr(0, dot), text.substr(dot + 1));
}

api::deployment::v1::WorkerDeploymentOptions ToProto(const WorkerDeploymentOptions& options) {
  api::deployment::v1::WorkerDeploymentOptions proto;
  proto.set_deployment_name(options.version.deployment_name);
  proto.set_build_id(options.version.build_id);
  proto.set_worker_versioning_mode(options.use_versioning ? enums::WORKER_VERSIONING_MODE_VERSIONED
                                                          : enums::WORKER_VERSIONING_MODE_UNVERSIONED);
  return proto;
}

ProtoOverride ToProto(const VersioningOverride& versioning_override) {
  ProtoOverride proto;
  if (const auto* pinned = std::get_if<PinnedVersioningOverride>(&versioning_override)) {
    proto.set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
    proto.set_pinned_version(pinned->version.ToString());
    proto.mutable_pinned()->set_behavior(ProtoOverride::PINNED_OVERRIDE_BEHAVIOR_PINNED);
    *proto.mutable_pinned()->mutable_version() = ToProto(pinned->version);
  } else if (const auto* once = std::get_if<OneTimeVersioningOverride>(&versioning_override)) {
    *proto.mutable_one_time()->mutable_target_deployment_version() = ToProto(once->target_version);
  } else {
    proto.set_behavior(enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
    proto.set_auto_upgrade(true);
  }
  return proto;
}

std::optional<VersioningOverride> FromProto(const ProtoOverride& proto) {
  if (proto.has_pinned()) return PinnedVersioningOverride(FromProto(proto.pinned().version()));
  if (proto.has_one_time()) return OneTimeVersioningOverride(FromProto(proto.one_time().target_deployment_version()));
  if (proto.auto_upgrade() || proto.behavior() == enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE) {
    return AutoUpgradeVersioningOverride();
  }
  if (proto.behavior() != enums::VERSIONING_BEHAVIOR_PINNED) return std::nullopt;
  const auto version = VersionOf(nullptr, proto.pinned_version());
  if (!version) return std::nullopt;
  return PinnedVersioningOverride(*version);
}

}  // namespace temporal
