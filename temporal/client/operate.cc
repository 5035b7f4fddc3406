#include "temporal/client/client.h"
#include "temporal/client/requests.h"

// Looking at workflows and their activities, and putting them right.
namespace temporal {

namespace service = api::workflowservice::v1;
namespace enums = api::enums::v1;
using client_internal::Fill;
using client_internal::FillChanges;
using client_internal::Intercepted;
using client_internal::NewRequest;
using client_internal::ToMap;
using client_internal::ToSummary;
using client_internal::ToText;

WorkflowStatus client_internal::ToStatus(enums::WorkflowExecutionStatus status) {
  switch (status) {
    case enums::WORKFLOW_EXECUTION_STATUS_RUNNING:
      return WorkflowStatus::kRunning;
    case enums::WORKFLOW_EXECUTION_STATUS_COMPLETED:
      return WorkflowStatus::kCompleted;
    case enums::WORKFLOW_EXECUTION_STATUS_FAILED:
      return WorkflowStatus::kFailed;
    case enums::WORKFLOW_EXECUTION_STATUS_CANCELED:
      return WorkflowStatus::kCanceled;
    case enums::WORKFLOW_EXECUTION_STATUS_TERMINATED:
      return WorkflowStatus::kTerminated;
    case enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
      return WorkflowStatus::kContinuedAsNew;
    case enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
      return WorkflowStatus::kTimedOut;
    case enums::WORKFLOW_EXECUTION_STATUS_PAUSED:
      return WorkflowStatus::kPaused;
    default:
      return WorkflowStatus::kUnspecified;
  }
}

namespace {

PendingActivityState ToState(enums::PendingActivityState state) {
  switch (state) {
    case enums::PENDING_ACTIVITY_STATE_SCHEDULED:
      return PendingActivityState::kScheduled;
    case enums::PENDING_ACTIVITY_STATE_STARTED:
      return PendingActivityState::kStarted;
    case enums::PENDING_ACTIVITY_STATE_CANCEL_REQUESTED:
      return PendingActivityState::kCancelRequested;
    case enums::PENDING_ACTIVITY_STATE_PAUSED:
      return PendingActivityState::kPaused;
    case enums::PENDING_ACTIVITY_STATE_PAUSE_REQUESTED:
      return PendingActivityState::kPauseRequested;
    default:
      return PendingActivityState::kUnspecified;
  }
}

PendingActivity ToPending(const api::workflow::v1::PendingActivityInfo& info) {
  PendingActivity pending;
  pending.id = info.activity_id();
  pending.type = info.activity_type().name();
  pending.state = ToState(info.state());
  pending.paused = info.paused();
  pending.attempt = info.attempt();
  pending.maximum_attempts = info.maximum_attempts();
  if (info.has_scheduled_time()) pending.scheduled_at = FromProto(info.scheduled_time());
  if (info.has_last_started_time()) pending.last_started_at = FromProto(info.last_started_time());
  if (info.has_last_heartbeat_time()) pending.last_heartbeat_at = FromProto(info.last_heartbeat_time());
  if (info.has_next_attempt_schedule_time()) pending.next_attempt_at = FromProto(info.next_attempt_schedule_time());
  if (info.has_last_failure()) {
    pending.last_failure_type = info.last_failure().application_failure_info().type();
    pending.last_failure_message = info.last_failure().message();
  }
  pending.last_worker_identity = info.last_worker_identity();
  return pending;
}

}  // namespace

std::string_view WorkflowStatusName(WorkflowStatus status) {
  switch (status) {
    case WorkflowStatus::kRunning:
      return "running";
    case WorkflowStatus::kCompleted:
      return "completed";
    case WorkflowStatus::kFailed:
      return "failed";
    case WorkflowStatus::kCanceled:
      return "canceled";
    case WorkflowStatus::kTerminated:
      return "terminated";
    case WorkflowStatus::kContinuedAsNew:
      return "continued_as_new";
    case WorkflowStatus::kTimedOut:
      return "timed_out";
    case WorkflowStatus::kPaused:
      return "paused";
    case WorkflowStatus::kUnspecified:
      break;
  }
  return "unspecified";
}

WorkflowSummary client_internal::ToSummary(const api::workflow::v1::WorkflowExecutionInfo& info) {
  WorkflowSummary summary;
  summary.workflow_id = info.execution().workflow_id();
  summary.run_id = info.execution().run_id();
  summary.type = info.type().name();
  summary.task_queue = info.task_queue();
  summary.status = ToStatus(info.status());
  summary.started_at = FromProto(info.start_time());
  if (info.has_close_time()) summary.closed_at = FromProto(info.close_time());
  summary.history_length = info.history_length();
  summary.memo = ToMap(info.memo().fields());
  summary.search_attributes = ToMap(info.search_attributes().indexed_fields());
  return summary;
}

namespace {

WorkflowVersioning ToVersioning(const api::workflow::v1::WorkflowExecutionVersioningInfo& info) {
  WorkflowVersioning versioning;
  versioning.behavior = static_cast<VersioningBehavior>(info.behavior());
  versioning.version = FromProto(info.deployment_version());
  if (info.has_versioning_override()) versioning.versioning_override = FromProto(info.versioning_override());
  if (info.has_version_transition()) {
    versioning.transition_to = FromProto(info.version_transition().deployment_version());
  }
  return versioning;
}

WorkflowDescription ToDescription(const service::DescribeWorkflowExecutionResponse& response) {
  WorkflowDescription description;
  description.summary = ToSummary(response.workflow_execution_info());
  const auto& config = response.execution_config();
  if (description.summary.task_queue.empty()) description.summary.task_queue = config.task_queue().name();
  if (config.user_metadata().has_summary()) description.static_summary = ToText(config.user_metadata().summary());
  if (config.user_metadata().has_details()) description.static_details = ToText(config.user_metadata().details());
  for (const auto& info : response.pending_activities()) description.pending_activities.push_back(ToPending(info));
  description.pending_children = response.pending_children_size();
  if (response.has_pending_workflow_task()) {
    description.pending_workflow_task_attempt = response.pending_workflow_task().attempt();
  }
  if (response.workflow_execution_info().has_versioning_info()) {
    description.versioning = ToVersioning(response.workflow_execution_info().versioning_info());
  }
  return description;
}

}  // namespace

std::string client_internal::ToText(const Payload& payload) { return FromPayload<std::string>(payload).value_or(""); }

absl::StatusOr<WorkflowDescription> Client::Describe(const Execution& execution) {
  return Intercepted(options_.interceptors, &ClientInterceptor::Describe, {execution},
                     [this](const DescribeWorkflowInput& input) -> absl::StatusOr<WorkflowDescription> {
                       auto request = NewRequest<service::DescribeWorkflowExecutionRequest>(options_);
                       Fill(*request.mutable_execution(), input.execution);
                       const auto response = Invoke<service::DescribeWorkflowExecutionResponse>(
                           *transport_, "DescribeWorkflowExecution", request);
                       if (!response.ok()) return response.status();
                       return ToDescription(*response);
                     });
}

absl::StatusOr<ListPage> Client::List(std::string_view query, int page_size, std::string_view page_token) {
  auto request = NewRequest<service::ListWorkflowExecutionsRequest>(options_);
  request.set_query(std::string(query));
  request.set_page_size(page_size);
  request.set_next_page_token(std::string(page_token));
  auto response = Invoke<service::ListWorkflowExecutionsResponse>(*transport_, "ListWorkflowExecutions", request);
  if (!response.ok()) return response.status();
  ListPage page;
  for (const auto& info : response->executions()) page.workflows.push_back(ToSummary(info));
  page.next_page_token = response->next_page_token();
  return page;
}

namespace {

absl::StatusOr<service::CountWorkflowExecutionsResponse> CountBy(Transport& transport, const ClientOptions& client,
                                                                 std::string_view query) {
  auto request = NewRequest<service::CountWorkflowExecutionsRequest>(client);
  request.set_query(std::string(query));
  return Invoke<service::CountWorkflowExecutionsResponse>(transport, "CountWorkflowExecutions", request);
}

}  // namespace

absl::StatusOr<int64_t> Client::Count(std::string_view query) {
  const auto response = CountBy(*transport_, options_, query);
  if (!response.ok()) return response.status();
  return response->count();
}

absl::StatusOr<std::vector<CountGroup>> Client::CountGroups(std::string_view query) {
  const auto response = CountBy(*transport_, options_, query);
  if (!response.ok()) return response.status();
  std::vector<CountGroup> groups;
  for (const auto& group : response->groups()) {
    groups.push_back({{group.group_values().begin(), group.group_values().end()}, group.count()});
  }
  return groups;
}

absl::StatusOr<WorkflowExecutionOptions> Client::UpdateExecutionOptions(
    const Execution& execution, const WorkflowExecutionOptionsChanges& changes) {
  auto request = NewRequest<service::UpdateWorkflowExecutionOptionsRequest>(options_);
  Fill(*request.mutable_workflow_execution(), execution);
  if (absl::Status status = FillChanges(changes, request); !status.ok()) return status;
  const auto response =
      Invoke<service::UpdateWorkflowExecutionOptionsResponse>(*transport_, "UpdateWorkflowExecutionOptions", request);
  if (!response.ok()) return response.status();
  WorkflowExecutionOptions now;
  if (response->workflow_execution_options().has_versioning_override()) {
    now.versioning_override = FromProto(response->workflow_execution_options().versioning_override());
  }
  return now;
}

absl::Status Client::Delete(const Execution& execution) {
  auto request = NewRequest<service::DeleteWorkflowExecutionRequest>(options_);
  Fill(*request.mutable_workflow_execution(), execution);
  return Invoke<service::DeleteWorkflowExecutionResponse>(*transport_, "DeleteWorkflowExecution", request).status();
}

absl::Status Client::PauseActivity(const Execution& execution, std::string_view activity_id, std::string_view reason) {
  auto request = NewRequest<service::PauseActivityRequest>(options_);
  Fill(*request.mutable_execution(), execution);
  request.set_id(std::string(activity_id));
  request.set_reason(std::string(reason));
  return Invoke<service::PauseActivityResponse>(*transport_, "PauseActivity", request).status();
}

absl::Status Client::UnpauseActivity(const Execution& execution, std::string_view activity_id, bool reset_attempts) {
  auto request = NewRequest<service::UnpauseActivityRequest>(options_);
  Fill(*request.mutable_execution(), execution);
  request.set_id(std::string(activity_id));
  request.set_reset_attempts(reset_attempts);
  return Invoke<service::UnpauseActivityResponse>(*transport_, "UnpauseActivity", request).status();
}

absl::Status Client::ResetActivity(const Execution& execution, std::string_view activity_id) {
  auto request = NewRequest<service::ResetActivityRequest>(options_);
  Fill(*request.mutable_execution(), execution);
  request.set_id(std::string(activity_id));
  return Invoke<service::ResetActivityResponse>(*transport_, "ResetActivity", request).status();
}

}  // namespace temporal
