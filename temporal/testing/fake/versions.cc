#include <algorithm>

#include "temporal/common/versioning_proto.h"
#include "temporal/testing/fake/server.h"

// Which workers get what: versions of their deployments.
namespace temporal::testing::fake {

template <class Request, class Response>
void Server::OnDeployments(std::string method, absl::Status (Deployments::*function)(const Request&, Response&)) {
  handlers_[std::move(method)] = [this, function](const google::protobuf::Message& request,
                                                  google::protobuf::Message& response, Lock&, const CallOptions&) {
    const absl::Status status =
        (deployments_.*function)(dynamic_cast<const Request&>(request), dynamic_cast<Response&>(response));
    for (auto& [id, run] : runs_) Reroute(run);
    return status;
  };
}

void Server::AddDeploymentCalls() {
  OnDeployments("DescribeWorkerDeployment", &Deployments::Describe);
  OnDeployments("DescribeWorkerDeploymentVersion", &Deployments::DescribeVersion);
  OnDeployments("SetWorkerDeploymentCurrentVersion", &Deployments::SetCurrent);
  OnDeployments("SetWorkerDeploymentRampingVersion", &Deployments::SetRamping);
  OnDeployments("SetWorkerDeploymentManager", &Deployments::SetManager);
  OnDeployments("UpdateWorkerDeploymentVersionMetadata", &Deployments::UpdateMetadata);
  OnDeployments("DeleteWorkerDeploymentVersion", &Deployments::DeleteVersion);
  OnDeployments("DeleteWorkerDeployment", &Deployments::Delete);
  OnDeployments("ListWorkerDeployments", &Deployments::List);
}

bool Server::AnyPinnedTo(const WorkerDeploymentVersion& version) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [&](const auto& each) { return each.second.open() && PinnedTo(each.second) == version; });
}

Version Server::PinnedTo(const Run& run) const {
  if (!run.versioning_override) return run.behavior == enums::VERSIONING_BEHAVIOR_PINNED ? run.version : std::nullopt;
  if (run.versioning_override->has_pinned()) return FromProto(run.versioning_override->pinned().version());
  if (!run.versioning_override->has_one_time()) return std::nullopt;
  return FromProto(run.versioning_override->one_time().target_deployment_version());
}

Version Server::Target(const Run& run) const {
  return deployments_.Target(run.started.task_queue().name(), enums::TASK_QUEUE_TYPE_WORKFLOW, run.workflow_id);
}

Version Server::WorkflowTasksOf(const Run& run) const {
  const Version pinned = PinnedTo(run);
  return pinned ? pinned : Target(run);
}

Version Server::ActivitiesOf(const Run& run, const std::string& task_queue) const {
  const Version pinned = PinnedTo(run);
  const Version& own = pinned ? pinned : run.version;
  if (own && deployments_.Serves(*own, task_queue, enums::TASK_QUEUE_TYPE_ACTIVITY)) return own;
  return deployments_.Target(task_queue, enums::TASK_QUEUE_TYPE_ACTIVITY, run.workflow_id);
}

bool Server::StaysSticky(const Run& run) {
  return !run.sticky_queue.empty() && !workflow_queues_[run.sticky_queue].dead && WorkflowTasksOf(run) == run.version;
}

// A task that waits in the queue of a worker which is not to have it any more.
void Server::Reroute(Run& run) {
  if (run.task.state != WorkflowTask::State::kScheduled || run.task.queue != run.sticky_queue) return;
  if (run.sticky_queue.empty() || StaysSticky(run)) return;
  auto& from = workflow_queues_[run.task.queue].tasks;
  const auto task = std::find_if(from.begin(), from.end(), [&](const QueuedTask& each) {
    return each.run_id == run.run_id && each.query_id.empty();
  });
  if (task == from.end()) return;
  run.task.queue = run.started.task_queue().name();
  workflow_queues_[run.task.queue].tasks.push_back(std::move(*task));
  from.erase(task);
}

absl::Status Server::CheckOverride(const api::workflow::v1::VersioningOverride& versioning_override) const {
  WorkerDeploymentVersion version;
  if (versioning_override.has_pinned()) {
    version = FromProto(versioning_override.pinned().version());
  } else if (versioning_override.has_one_time()) {
    version = FromProto(versioning_override.one_time().target_deployment_version());
  } else {
    return absl::OkStatus();
  }
  return deployments_.Knows(version) ? absl::OkStatus()
                                     : absl::FailedPreconditionError("no such version serves the task queue");
}

// What is pinned stays so in the next run and in children, where their task queue has workers of the version.
void Server::PassOn(const Run& run, history::WorkflowExecutionStartedEventAttributes& next) const {
  const Version pinned = PinnedTo(run);
  if (!pinned || !deployments_.Serves(*pinned, next.task_queue().name(), enums::TASK_QUEUE_TYPE_WORKFLOW)) return;
  *next.mutable_inherited_pinned_version() = ToProto(*pinned);
}

// What the worker says; an override changes nothing in it.
void Server::RecordVersion(Run& run, const service::RespondWorkflowTaskCompletedRequest& request,
                           history::WorkflowTaskCompletedEventAttributes& completed) {
  run.version = ToVersion(request.deployment_options());
  run.behavior = request.versioning_behavior();
  completed.set_versioning_behavior(run.behavior);
  completed.set_worker_deployment_name(request.deployment_options().deployment_name());
  if (run.version) *completed.mutable_deployment_version() = ToProto(*run.version);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  if (request.has_worker_version_stamp()) *completed.mutable_worker_version() = request.worker_version_stamp();
#pragma GCC diagnostic pop
  if (run.versioning_override && run.versioning_override->has_one_time()) run.versioning_override.reset();
}

void Server::FillVersioning(const Run& run, api::workflow::v1::WorkflowExecutionVersioningInfo& info) const {
  info.set_behavior(run.behavior);
  if (run.version) *info.mutable_deployment_version() = ToProto(*run.version);
  if (run.versioning_override) *info.mutable_versioning_override() = *run.versioning_override;
}

absl::Status Server::UpdateOptions(const service::UpdateWorkflowExecutionOptionsRequest& request,
                                   service::UpdateWorkflowExecutionOptionsResponse& response, Lock&,
                                   const CallOptions&) {
  Run* run = Find(request.workflow_execution());
  if (run == nullptr || !run->open()) return absl::NotFoundError("workflow execution already completed");
  const auto& paths = request.update_mask().paths();
  if (std::find(paths.begin(), paths.end(), "versioning_override") == paths.end()) {
    return absl::InvalidArgumentError("nothing to update");
  }
  const auto& to = request.workflow_execution_options();
  if (absl::Status status = CheckOverride(to.versioning_override()); !status.ok()) return status;
  run->versioning_override.reset();
  if (to.has_versioning_override()) run->versioning_override = to.versioning_override();
  const auto append = [this, to](Run& changed) {
    history::HistoryEvent& event = Append(changed, enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
    event.set_worker_may_ignore(true);
    auto& attributes = *event.mutable_workflow_execution_options_updated_event_attributes();
    if (to.has_versioning_override()) *attributes.mutable_versioning_override() = to.versioning_override();
    attributes.set_unset_versioning_override(!to.has_versioning_override());
  };
  if (run->task.state == WorkflowTask::State::kStarted) {
    run->buffered.push_back({append, std::nullopt});
  } else {
    WriteTask(*run);
    append(*run);
  }
  Reroute(*run);
  *response.mutable_workflow_execution_options() = to;
  return absl::OkStatus();
}

}  // namespace temporal::testing::fake
