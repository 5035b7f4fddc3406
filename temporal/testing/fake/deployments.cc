#include "temporal/testing/fake/deployments.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "temporal/common/proto.h"
#include "temporal/common/versioning_proto.h"

namespace temporal::testing::fake {

namespace enums = api::enums::v1;
namespace service = api::workflowservice::v1;

namespace {

// Which of a hundred groups of workflows it belongs to.
int GroupOf(const std::string& workflow_id) { return static_cast<int>(std::hash<std::string>()(workflow_id) % 100); }

std::string TokenOf(int64_t changes) { return absl::StrCat("conflict-", changes); }

absl::Status NoVersion() { return absl::NotFoundError("Worker Deployment Version not found"); }

}  // namespace

Version ToVersion(const api::deployment::v1::WorkerDeploymentOptions& options) {
  if (options.worker_versioning_mode() != enums::WORKER_VERSIONING_MODE_VERSIONED) return std::nullopt;
  return WorkerDeploymentVersion(options.deployment_name(), options.build_id());
}

void Deployments::Polled(const Version& version, const std::string& task_queue, enums::TaskQueueType type) {
  if (!version) return;
  const auto [deployment, first] = deployments_.try_emplace(version->deployment_name);
  if (first) deployment->second.created = now_;
  const auto [deployed, fresh] = deployment->second.versions.try_emplace(version->build_id);
  if (fresh) deployed->second.created = now_;
  deployed->second.task_queues.emplace(task_queue, type);
}

bool Deployments::Serves(const WorkerDeploymentVersion& version, const std::string& task_queue,
                         enums::TaskQueueType type) const {
  const auto deployment = deployments_.find(version.deployment_name);
  if (deployment == deployments_.end()) return false;
  const auto deployed = deployment->second.versions.find(version.build_id);
  return deployed != deployment->second.versions.end() && deployed->second.task_queues.contains({task_queue, type});
}

bool Deployments::Knows(const WorkerDeploymentVersion& version) const {
  const auto deployment = deployments_.find(version.deployment_name);
  return deployment != deployments_.end() && deployment->second.versions.contains(version.build_id);
}

Version Deployments::Target(const std::string& task_queue, enums::TaskQueueType type,
                            const std::string& workflow_id) const {
  for (const auto& [name, deployment] : deployments_) {
    const auto serves = [&](const std::string& build_id) {
      return Serves(WorkerDeploymentVersion(name, build_id), task_queue, type);
    };
    const bool ramps = deployment.percentage > static_cast<float>(GroupOf(workflow_id));
    const std::string& build_id = ramps ? deployment.ramping : deployment.current;
    if (serves(build_id)) return WorkerDeploymentVersion(name, build_id);
  }
  return std::nullopt;
}

Deployments::Deployment* Deployments::Find(const std::string& name) {
  const auto found = deployments_.find(name);
  return found == deployments_.end() ? nullptr : &found->second;
}

Deployments::Deployed* Deployments::Find(const api::deployment::v1::WorkerDeploymentVersion& version) {
  Deployment* deployment = Find(version.deployment_name());
  if (deployment == nullptr) return nullptr;
  const auto found = deployment->versions.find(version.build_id());
  return found == deployment->versions.end() ? nullptr : &found->second;
}

enums::WorkerDeploymentVersionStatus Deployments::StatusOf(const std::string& name, const std::string& build_id) const {
  const Deployment& deployment = deployments_.at(name);
  if (deployment.current == build_id) return enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT;
  if (deployment.ramping == build_id) return enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING;
  if (!deployment.versions.at(build_id).was_routed_to) return enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE;
  return in_use_(WorkerDeploymentVersion(name, build_id)) ? enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING
                                                          : enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED;
}

template <class Request>
absl::Status Deployments::Change(const Request& request, Deployment*& deployment) {
  deployment = Find(request.deployment_name());
  if (deployment == nullptr) return absl::NotFoundError("Worker Deployment not found");
  if (!request.conflict_token().empty() && request.conflict_token() != TokenOf(deployment->changes)) {
    return absl::FailedPreconditionError("conflict token mismatch");
  }
  return absl::OkStatus();
}

template <class Request>
absl::Status Deployments::Route(const Request& request, Deployment*& deployment) {
  if (absl::Status status = Change(request, deployment); !status.ok()) return status;
  if (!deployment->manager.empty() && deployment->manager != request.identity()) {
    return absl::FailedPreconditionError("ManagerIdentity is set and does not match the identity of the request");
  }
  if (request.build_id().empty()) return absl::OkStatus();
  const auto to = deployment->versions.find(request.build_id());
  if (to == deployment->versions.end()) return absl::NotFoundError("Version not found in deployment");
  if (!deployment->current.empty() && !request.ignore_missing_task_queues()) {
    const auto& before = deployment->versions.at(deployment->current).task_queues;
    const auto& after = to->second.task_queues;
    if (!std::includes(after.begin(), after.end(), before.begin(), before.end())) {
      return absl::FailedPreconditionError("the version lacks task queues of the current one");
    }
  }
  to->second.was_routed_to = true;
  return absl::OkStatus();
}

absl::Status Deployments::SetCurrent(const service::SetWorkerDeploymentCurrentVersionRequest& request,
                                     service::SetWorkerDeploymentCurrentVersionResponse& response) {
  Deployment* deployment = nullptr;
  if (absl::Status status = Route(request, deployment); !status.ok()) return status;
  if (deployment->ramping == request.build_id()) {
    deployment->ramping.clear();
    deployment->percentage = 0;
  }
  deployment->current = request.build_id();
  deployment->modifier = request.identity();
  response.set_conflict_token(TokenOf(++deployment->changes));
  return absl::OkStatus();
}

absl::Status Deployments::SetRamping(const service::SetWorkerDeploymentRampingVersionRequest& request,
                                     service::SetWorkerDeploymentRampingVersionResponse& response) {
  Deployment* deployment = nullptr;
  if (absl::Status status = Route(request, deployment); !status.ok()) return status;
  if (!request.build_id().empty() && deployment->current == request.build_id()) {
    return absl::FailedPreconditionError("the version is already current");
  }
  deployment->ramping = request.build_id();
  deployment->percentage = request.percentage();
  deployment->modifier = request.identity();
  response.set_conflict_token(TokenOf(++deployment->changes));
  return absl::OkStatus();
}

absl::Status Deployments::SetManager(const service::SetWorkerDeploymentManagerRequest& request,
                                     service::SetWorkerDeploymentManagerResponse& response) {
  Deployment* deployment = nullptr;
  if (absl::Status status = Change(request, deployment); !status.ok()) return status;
  deployment->manager = request.self() ? request.identity() : request.manager_identity();
  deployment->modifier = request.identity();
  response.set_conflict_token(TokenOf(++deployment->changes));
  return absl::OkStatus();
}

void Deployments::Fill(const std::string& name, const Deployment& deployment,
                       api::deployment::v1::RoutingConfig& config) const {
  if (!deployment.current.empty()) {
    *config.mutable_current_deployment_version() = ToProto(WorkerDeploymentVersion(name, deployment.current));
  }
  if (!deployment.ramping.empty()) {
    *config.mutable_ramping_deployment_version() = ToProto(WorkerDeploymentVersion(name, deployment.ramping));
  }
  config.set_ramping_version_percentage(deployment.percentage);
}

absl::Status Deployments::Describe(const service::DescribeWorkerDeploymentRequest& request,
                                   service::DescribeWorkerDeploymentResponse& response) {
  const Deployment* deployment = Find(request.deployment_name());
  if (deployment == nullptr) return absl::NotFoundError("Worker Deployment not found");
  response.set_conflict_token(TokenOf(deployment->changes));
  auto& info = *response.mutable_worker_deployment_info();
  info.set_name(request.deployment_name());
  *info.mutable_create_time() = ToProto(deployment->created);
  Fill(info.name(), *deployment, *info.mutable_routing_config());
  info.set_last_modifier_identity(deployment->modifier);
  info.set_manager_identity(deployment->manager);
  for (const auto& [build_id, deployed] : deployment->versions) {
    auto& summary = *info.add_version_summaries();
    *summary.mutable_deployment_version() = ToProto(WorkerDeploymentVersion(info.name(), build_id));
    *summary.mutable_create_time() = ToProto(deployed.created);
    summary.set_status(StatusOf(info.name(), build_id));
  }
  return absl::OkStatus();
}

absl::Status Deployments::DescribeVersion(const service::DescribeWorkerDeploymentVersionRequest& request,
                                          service::DescribeWorkerDeploymentVersionResponse& response) {
  const auto& version = request.deployment_version();
  const Deployed* deployed = Find(version);
  if (deployed == nullptr) return NoVersion();
  const Deployment& deployment = *Find(version.deployment_name());
  auto& info = *response.mutable_worker_deployment_version_info();
  *info.mutable_deployment_version() = version;
  *info.mutable_create_time() = ToProto(deployed->created);
  info.set_status(StatusOf(version.deployment_name(), version.build_id()));
  if (deployment.ramping == version.build_id()) info.set_ramp_percentage(deployment.percentage);
  if (info.status() == enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING) {
    info.mutable_drainage_info()->set_status(enums::VERSION_DRAINAGE_STATUS_DRAINING);
  } else if (info.status() == enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED) {
    info.mutable_drainage_info()->set_status(enums::VERSION_DRAINAGE_STATUS_DRAINED);
  }
  *info.mutable_metadata() = deployed->metadata;
  for (const auto& [name, type] : deployed->task_queues) {
    auto& queue = *response.add_version_task_queues();
    queue.set_name(name);
    queue.set_type(type);
  }
  return absl::OkStatus();
}

absl::Status Deployments::UpdateMetadata(const service::UpdateWorkerDeploymentVersionMetadataRequest& request,
                                         service::UpdateWorkerDeploymentVersionMetadataResponse& response) {
  Deployed* deployed = Find(request.deployment_version());
  if (deployed == nullptr) return NoVersion();
  auto& entries = *deployed->metadata.mutable_entries();
  for (const auto& [key, value] : request.upsert_entries()) entries[key] = value;
  for (const std::string& key : request.remove_entries()) entries.erase(key);
  *response.mutable_metadata() = deployed->metadata;
  return absl::OkStatus();
}

absl::Status Deployments::DeleteVersion(const service::DeleteWorkerDeploymentVersionRequest& request,
                                        service::DeleteWorkerDeploymentVersionResponse&) {
  const auto& version = request.deployment_version();
  if (Find(version) == nullptr) return NoVersion();
  const auto status = StatusOf(version.deployment_name(), version.build_id());
  if (status == enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT ||
      status == enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING ||
      (status == enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING && !request.skip_drainage())) {
    return absl::FailedPreconditionError("the version is in use");
  }
  Find(version.deployment_name())->versions.erase(version.build_id());
  return absl::OkStatus();
}

absl::Status Deployments::Delete(const service::DeleteWorkerDeploymentRequest& request,
                                 service::DeleteWorkerDeploymentResponse&) {
  const Deployment* deployment = Find(request.deployment_name());
  if (deployment == nullptr) return absl::OkStatus();
  if (!deployment->versions.empty()) return absl::FailedPreconditionError("the deployment has versions");
  deployments_.erase(request.deployment_name());
  return absl::OkStatus();
}

absl::Status Deployments::List(const service::ListWorkerDeploymentsRequest&,
                               service::ListWorkerDeploymentsResponse& response) {
  for (const auto& [name, deployment] : deployments_) {
    auto& summary = *response.add_worker_deployments();
    summary.set_name(name);
    *summary.mutable_create_time() = ToProto(deployment.created);
    Fill(name, deployment, *summary.mutable_routing_config());
  }
  return absl::OkStatus();
}

}  // namespace temporal::testing::fake
