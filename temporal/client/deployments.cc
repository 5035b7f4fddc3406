#include "temporal/client/deployments.h"

#include "absl/strings/str_cat.h"
#include "temporal/client/requests.h"

// For the deprecated fields, in which servers before 1.28 look.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace temporal {

namespace service = api::workflowservice::v1;
namespace wire = api::deployment::v1;
using client_internal::FillMap;
using client_internal::NewRequest;
using client_internal::ToMap;

namespace {

// What older servers call a version.
std::string VersionText(const std::string& name, const std::string& build_id) {
  return build_id.empty() ? "__unversioned__" : WorkerDeploymentVersion(name, build_id).ToString();
}

// An empty build id stands for the workers without versioning.
absl::Status CheckTarget(const std::string& name, const std::string& build_id) {
  return build_id.empty() ? CheckDeploymentName(name) : CheckVersion(WorkerDeploymentVersion(name, build_id));
}

template <class Request>
Request VersionRequest(const ClientOptions& client, const WorkerDeploymentVersion& version) {
  auto request = NewRequest<Request>(client);
  request.set_version(version.ToString());
  *request.mutable_deployment_version() = ToProto(version);
  return request;
}

// What both changes of the routing have in common.
template <class Request, class Options>
Request RoutingRequest(const ClientOptions& client, const std::string& name, const Options& options) {
  auto request = NewRequest<Request>(client);
  request.set_deployment_name(name);
  request.set_version(VersionText(name, options.build_id));
  request.set_build_id(options.build_id);
  request.set_conflict_token(options.conflict_token);
  if (!options.identity.empty()) request.set_identity(options.identity);
  request.set_ignore_missing_task_queues(options.ignore_missing_task_queues);
  request.set_allow_no_pollers(options.allow_no_pollers);
  return request;
}

template <class Response>
RoutingChange ToChange(const Response& response) {
  RoutingChange change;
  change.conflict_token = response.conflict_token();
  change.previous_version =
      VersionOf(response.has_previous_deployment_version() ? &response.previous_deployment_version() : nullptr,
                response.previous_version());
  if constexpr (requires { response.previous_percentage(); }) {
    change.previous_percentage = response.previous_percentage();
  }
  return change;
}

WorkerDeploymentRouting ToRouting(const wire::RoutingConfig& config) {
  WorkerDeploymentRouting routing;
  routing.current_version =
      VersionOf(config.has_current_deployment_version() ? &config.current_deployment_version() : nullptr,
                config.current_version());
  routing.ramping_version =
      VersionOf(config.has_ramping_deployment_version() ? &config.ramping_deployment_version() : nullptr,
                config.ramping_version());
  routing.ramping_percentage = config.ramping_version_percentage();
  if (config.has_current_version_changed_time()) {
    routing.current_version_changed_at = FromProto(config.current_version_changed_time());
  }
  if (config.has_ramping_version_changed_time()) {
    routing.ramping_version_changed_at = FromProto(config.ramping_version_changed_time());
  }
  if (config.has_ramping_version_percentage_changed_time()) {
    routing.ramping_percentage_changed_at = FromProto(config.ramping_version_percentage_changed_time());
  }
  return routing;
}

template <class Info>
WorkerDeploymentVersion VersionIn(const Info& info) {
  return VersionOf(info.has_deployment_version() ? &info.deployment_version() : nullptr, info.version())
      .value_or(WorkerDeploymentVersion());
}

WorkerDeploymentVersionSummary ToSummary(const wire::WorkerDeploymentInfo::WorkerDeploymentVersionSummary& info) {
  WorkerDeploymentVersionSummary summary;
  summary.version = VersionIn(info);
  summary.status = static_cast<WorkerDeploymentVersionStatus>(info.status());
  if (info.has_create_time()) summary.created_at = FromProto(info.create_time());
  summary.drainage = static_cast<WorkerDeploymentDrainage>(info.has_drainage_info() ? info.drainage_info().status()
                                                                                    : info.drainage_status());
  return summary;
}

WorkerDeploymentVersionDescription ToDescription(const service::DescribeWorkerDeploymentVersionResponse& response) {
  const auto& info = response.worker_deployment_version_info();
  WorkerDeploymentVersionDescription description;
  description.version = VersionIn(info);
  description.status = static_cast<WorkerDeploymentVersionStatus>(info.status());
  if (info.has_create_time()) description.created_at = FromProto(info.create_time());
  if (info.has_routing_changed_time()) description.routing_changed_at = FromProto(info.routing_changed_time());
  if (info.has_current_since_time()) description.current_since = FromProto(info.current_since_time());
  if (info.has_ramping_since_time()) description.ramping_since = FromProto(info.ramping_since_time());
  description.ramping_percentage = info.ramp_percentage();
  const auto add = [&](const auto& queue) {
    description.task_queues.push_back({queue.name(), static_cast<TaskQueueType>(queue.type())});
  };
  for (const auto& queue : response.version_task_queues()) add(queue);
  if (description.task_queues.empty()) {
    for (const auto& queue : info.task_queue_infos()) add(queue);
  }
  if (info.has_drainage_info()) {
    const auto& proto = info.drainage_info();
    auto& drainage = description.drainage.emplace();
    drainage.status = static_cast<WorkerDeploymentDrainage>(proto.status());
    if (proto.has_last_changed_time()) drainage.changed_at = FromProto(proto.last_changed_time());
    if (proto.has_last_checked_time()) drainage.checked_at = FromProto(proto.last_checked_time());
  }
  description.metadata = ToMap(info.metadata().entries());
  return description;
}

}  // namespace

absl::StatusOr<WorkerDeploymentDescription> WorkerDeploymentHandle::Describe() const {
  if (absl::Status status = CheckDeploymentName(name_); !status.ok()) return status;
  auto request = NewRequest<service::DescribeWorkerDeploymentRequest>(options_);
  request.set_deployment_name(name_);
  const auto response =
      Invoke<service::DescribeWorkerDeploymentResponse>(*transport_, "DescribeWorkerDeployment", request);
  if (!response.ok()) return response.status();
  const auto& info = response->worker_deployment_info();
  WorkerDeploymentDescription description;
  description.name = info.name();
  if (info.has_create_time()) description.created_at = FromProto(info.create_time());
  for (const auto& each : info.version_summaries()) description.versions.push_back(ToSummary(each));
  description.routing = ToRouting(info.routing_config());
  description.last_modifier_identity = info.last_modifier_identity();
  description.manager_identity = info.manager_identity();
  description.conflict_token = response->conflict_token();
  return description;
}

absl::StatusOr<RoutingChange> WorkerDeploymentHandle::SetCurrentVersion(const SetCurrentVersionOptions& options) const {
  if (absl::Status status = CheckTarget(name_, options.build_id); !status.ok()) return status;
  const auto request = RoutingRequest<service::SetWorkerDeploymentCurrentVersionRequest>(options_, name_, options);
  const auto response = Invoke<service::SetWorkerDeploymentCurrentVersionResponse>(
      *transport_, "SetWorkerDeploymentCurrentVersion", request);
  if (!response.ok()) return response.status();
  return ToChange(*response);
}

absl::StatusOr<RoutingChange> WorkerDeploymentHandle::SetRampingVersion(const SetRampingVersionOptions& options) const {
  if (absl::Status status = CheckTarget(name_, options.build_id); !status.ok()) return status;
  if (!(options.percentage >= 0 && options.percentage <= 100)) {
    return absl::InvalidArgumentError(absl::StrCat("a version ramps to 0 to 100 %, not ", options.percentage));
  }
  auto request = RoutingRequest<service::SetWorkerDeploymentRampingVersionRequest>(options_, name_, options);
  request.set_percentage(options.percentage);
  const auto response = Invoke<service::SetWorkerDeploymentRampingVersionResponse>(
      *transport_, "SetWorkerDeploymentRampingVersion", request);
  if (!response.ok()) return response.status();
  return ToChange(*response);
}

absl::StatusOr<std::string> WorkerDeploymentHandle::SetManager(bool self, std::string_view identity,
                                                               std::string_view conflict_token) const {
  if (absl::Status status = CheckDeploymentName(name_); !status.ok()) return status;
  auto request = NewRequest<service::SetWorkerDeploymentManagerRequest>(options_);
  request.set_deployment_name(name_);
  if (self) {
    request.set_self(true);
  } else {
    request.set_manager_identity(std::string(identity));
  }
  request.set_conflict_token(std::string(conflict_token));
  const auto response =
      Invoke<service::SetWorkerDeploymentManagerResponse>(*transport_, "SetWorkerDeploymentManager", request);
  if (!response.ok()) return response.status();
  return response->conflict_token();
}

absl::StatusOr<std::string> WorkerDeploymentHandle::SetManagerIdentity(std::string_view identity,
                                                                       std::string_view conflict_token) const {
  return SetManager(/*self=*/false, identity, conflict_token);
}

absl::StatusOr<std::string> WorkerDeploymentHandle::BecomeManager(std::string_view conflict_token) const {
  return SetManager(/*self=*/true, {}, conflict_token);
}

absl::StatusOr<WorkerDeploymentVersionDescription> WorkerDeploymentHandle::DescribeVersion(
    std::string_view build_id) const {
  const WorkerDeploymentVersion version(name_, std::string(build_id));
  if (absl::Status status = CheckVersion(version); !status.ok()) return status;
  const auto response = Invoke<service::DescribeWorkerDeploymentVersionResponse>(
      *transport_, "DescribeWorkerDeploymentVersion",
      VersionRequest<service::DescribeWorkerDeploymentVersionRequest>(options_, version));
  if (!response.ok()) return response.status();
  return ToDescription(*response);
}

absl::Status WorkerDeploymentHandle::DeleteVersion(std::string_view build_id, bool skip_drainage) const {
  const WorkerDeploymentVersion version(name_, std::string(build_id));
  if (absl::Status status = CheckVersion(version); !status.ok()) return status;
  auto request = VersionRequest<service::DeleteWorkerDeploymentVersionRequest>(options_, version);
  request.set_skip_drainage(skip_drainage);
  return Invoke<service::DeleteWorkerDeploymentVersionResponse>(*transport_, "DeleteWorkerDeploymentVersion", request)
      .status();
}

absl::StatusOr<std::map<std::string, Payload>> WorkerDeploymentHandle::UpdateVersionMetadata(
    std::string_view build_id, const VersionMetadataChanges& changes) const {
  const WorkerDeploymentVersion version(name_, std::string(build_id));
  if (absl::Status status = CheckVersion(version); !status.ok()) return status;
  auto request = VersionRequest<service::UpdateWorkerDeploymentVersionMetadataRequest>(options_, version);
  FillMap(*request.mutable_upsert_entries(), changes.upsert);
  request.mutable_remove_entries()->Add(changes.remove.begin(), changes.remove.end());
  const auto response = Invoke<service::UpdateWorkerDeploymentVersionMetadataResponse>(
      *transport_, "UpdateWorkerDeploymentVersionMetadata", request);
  if (!response.ok()) return response.status();
  return ToMap(response->metadata().entries());
}

absl::StatusOr<WorkerDeploymentPage> WorkerDeploymentClient::List(int page_size, std::string_view page_token) const {
  auto request = NewRequest<service::ListWorkerDeploymentsRequest>(options_);
  request.set_page_size(page_size);
  request.set_next_page_token(std::string(page_token));
  const auto response = Invoke<service::ListWorkerDeploymentsResponse>(*transport_, "ListWorkerDeployments", request);
  if (!response.ok()) return response.status();
  WorkerDeploymentPage page;
  for (const auto& each : response->worker_deployments()) {
    WorkerDeploymentSummary& summary = page.deployments.emplace_back();
    summary.name = each.name();
    if (each.has_create_time()) summary.created_at = FromProto(each.create_time());
    summary.routing = ToRouting(each.routing_config());
  }
  page.next_page_token = response->next_page_token();
  return page;
}

absl::Status WorkerDeploymentClient::Delete(std::string_view name) const {
  if (absl::Status status = CheckDeploymentName(std::string(name)); !status.ok()) return status;
  auto request = NewRequest<service::DeleteWorkerDeploymentRequest>(options_);
  request.set_deployment_name(std::string(name));
  return Invoke<service::DeleteWorkerDeploymentResponse>(*transport_, "DeleteWorkerDeployment", request).status();
}

}  // namespace temporal
