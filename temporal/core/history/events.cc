#include "temporal/core/history/events.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "temporal/common/versioning_proto.h"

namespace temporal::core {

namespace enums = api::enums::v1;
using Event = HistoryEvent;

bool IsCommandEvent(const HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
    case enums::EVENT_TYPE_MARKER_RECORDED:
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
    case enums::EVENT_TYPE_TIMER_CANCELED:
    case enums::EVENT_TYPE_TIMER_STARTED:
    case enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
    case enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:
    case enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED:
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
      return true;
    default:
      return false;
  }
}

bool IsTaskEvent(const HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_STARTED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
      return true;
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED:
      return event.workflow_task_failed_event_attributes().cause() != enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW;
    default:
      return false;
  }
}

bool IsTerminalEvent(const HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
      return true;
    default:
      return false;
  }
}

bool IsUnknown(const HistoryEvent& event) {
  return event.event_type() == enums::EVENT_TYPE_UNSPECIFIED || !enums::EventType_IsValid(event.event_type()) ||
         event.attributes_case() == Event::ATTRIBUTES_NOT_SET;
}

bool IsIgnorable(const HistoryEvent& event) {
  if (!event.worker_may_ignore()) return false;
  if (IsUnknown(event)) return true;
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_STARTED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
      return false;
    default:
      return !IsCommandEvent(event) && !IsTerminalEvent(event) && InitialEventId(event) == 0;
  }
}

int64_t InitialEventId(const HistoryEvent& event) {
  switch (event.attributes_case()) {
    case Event::kActivityTaskStartedEventAttributes:
      return event.activity_task_started_event_attributes().scheduled_event_id();
    case Event::kActivityTaskCompletedEventAttributes:
      return event.activity_task_completed_event_attributes().scheduled_event_id();
    case Event::kActivityTaskFailedEventAttributes:
      return event.activity_task_failed_event_attributes().scheduled_event_id();
    case Event::kActivityTaskTimedOutEventAttributes:
      return event.activity_task_timed_out_event_attributes().scheduled_event_id();
    case Event::kActivityTaskCanceledEventAttributes:
      return event.activity_task_canceled_event_attributes().scheduled_event_id();
    case Event::kTimerFiredEventAttributes:
      return event.timer_fired_event_attributes().started_event_id();
    case Event::kRequestCancelExternalWorkflowExecutionFailedEventAttributes:
      return event.request_cancel_external_workflow_execution_failed_event_attributes().initiated_event_id();
    case Event::kExternalWorkflowExecutionCancelRequestedEventAttributes:
      return event.external_workflow_execution_cancel_requested_event_attributes().initiated_event_id();
    case Event::kStartChildWorkflowExecutionFailedEventAttributes:
      return event.start_child_workflow_execution_failed_event_attributes().initiated_event_id();
    case Event::kChildWorkflowExecutionStartedEventAttributes:
      return event.child_workflow_execution_started_event_attributes().initiated_event_id();
    case Event::kChildWorkflowExecutionCompletedEventAttributes:
      return event.child_workflow_execution_completed_event_attributes().initiated_event_id();
    case Event::kChildWorkflowExecutionFailedEventAttributes:
      return event.child_workflow_execution_failed_event_attributes().initiated_event_id();
    case Event::kChildWorkflowExecutionCanceledEventAttributes:
      return event.child_workflow_execution_canceled_event_attributes().initiated_event_id();
    case Event::kChildWorkflowExecutionTimedOutEventAttributes:
      return event.child_workflow_execution_timed_out_event_attributes().initiated_event_id();
    case Event::kChildWorkflowExecutionTerminatedEventAttributes:
      return event.child_workflow_execution_terminated_event_attributes().initiated_event_id();
    case Event::kSignalExternalWorkflowExecutionFailedEventAttributes:
      return event.signal_external_workflow_execution_failed_event_attributes().initiated_event_id();
    case Event::kExternalWorkflowExecutionSignaledEventAttributes:
      return event.external_workflow_execution_signaled_event_attributes().initiated_event_id();
    default:
      return 0;
  }
}

std::optional<PatchMarker> PatchMarkerOf(const HistoryEvent& event) {
  if (!event.has_marker_recorded_event_attributes()) return std::nullopt;
  const auto& marker = event.marker_recorded_event_attributes();
  if (marker.marker_name() != kPatchMarkerName) return std::nullopt;
  const auto first = [&](const char* key) -> const std::string* {
    const auto found = marker.details().find(key);
    if (found == marker.details().end() || found->second.payloads_size() == 0) return nullptr;
    return &found->second.payloads(0).data();
  };
  if (const std::string* data = first(kPatchDetailsKey)) {
    const auto json = nlohmann::json::parse(*data, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("id") || !json["id"].is_string()) return std::nullopt;
    const auto deprecated = json.find("deprecated");
    return PatchMarker{json["id"], deprecated != json.end() && *deprecated == true};
  }
  const std::string* id = first("patch_id");
  const std::string* deprecated = first("deprecated");
  if (id == nullptr || deprecated == nullptr || deprecated->empty()) return std::nullopt;
  return PatchMarker{*id, (*deprecated)[0] != 0};
}

bool IsUpsertOfChangeVersion(const HistoryEvent& event) {
  if (!event.has_upsert_workflow_search_attributes_event_attributes()) return false;
  const auto& fields = event.upsert_workflow_search_attributes_event_attributes().search_attributes().indexed_fields();
  return fields.contains(kChangeVersionAttribute);
}

WorkerDeploymentVersion CompletedBy(const HistoryEvent& workflow_task_completed) {
  const auto& completed = workflow_task_completed.workflow_task_completed_event_attributes();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const auto version = VersionOf(completed.has_deployment_version() ? &completed.deployment_version() : nullptr,
                                 completed.worker_deployment_version());
  return version ? *version
                 : WorkerDeploymentVersion(completed.worker_deployment_name(), completed.worker_version().build_id());
#pragma GCC diagnostic pop
}

std::string Describe(const HistoryEvent& event) {
  std::string name = "of unknown type";
  if (enums::EventType_IsValid(event.event_type())) {
    // EVENT_TYPE_TIMER_STARTED -> TimerStarted
    name.clear();
    bool upper = true;
    for (const char c : enums::EventType_Name(event.event_type()).substr(sizeof("EVENT_TYPE_") - 1)) {
      if (c == '_') {
        upper = true;
      } else {
        name += upper ? c : static_cast<char>(c - 'A' + 'a');
        upper = false;
      }
    }
  }
  return absl::StrCat(name, " (event ", event.event_id(), ")");
}

}  // namespace temporal::core
