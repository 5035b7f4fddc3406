#include "temporal/testing/history_builder.h"

#include <cstdio>
#include <cstdlib>

namespace temporal::testing {

namespace enums = api::enums::v1;
using api::history::v1::HistoryEvent;

namespace {
constexpr int64_t kFirstSecond = 1'700'000'000;
constexpr char kRunId[] = "0f5c0ffe-0000-4000-8000-000000000001";
}  // namespace

HistoryEvent& HistoryBuilder::Add(enums::EventType type) {
  HistoryEvent& event = *history_.add_events();
  event.set_event_id(history_.events_size());
  event.set_event_type(type);
  event.mutable_event_time()->set_seconds(kFirstSecond + event.event_id());
  return event;
}

HistoryBuilder::HistoryBuilder(std::string_view workflow_type, const Payloads& input)
    : workflow_type_(workflow_type), run_id_(kRunId) {
  auto& started =
      *Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED).mutable_workflow_execution_started_event_attributes();
  started.mutable_workflow_type()->set_name(workflow_type_);
  *started.mutable_input() = input;
  started.set_original_execution_run_id(run_id_);
  started.set_first_execution_run_id(run_id_);
  started.set_attempt(1);
  started.mutable_task_queue()->set_name("queue");
  started.mutable_workflow_task_timeout()->set_seconds(10);
}

int64_t HistoryBuilder::TaskScheduled() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
  event.mutable_workflow_task_scheduled_event_attributes()->set_attempt(1);
  return last_scheduled_task_ = event.event_id();
}

int64_t HistoryBuilder::TaskStarted() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  auto& started = *event.mutable_workflow_task_started_event_attributes();
  started.set_scheduled_event_id(last_scheduled_task_);
  started.set_history_size_bytes(event.event_id() * 100);
  for (Update& update : updates_) {
    if (update.after == 0) update = {update.request, false, event.event_id() - 1, event.event_id()};
  }
  return last_started_task_ = event.event_id();
}

int64_t HistoryBuilder::TaskCompleted() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  auto& completed = *event.mutable_workflow_task_completed_event_attributes();
  completed.set_scheduled_event_id(last_scheduled_task_);
  completed.set_started_event_id(last_started_task_);
  for (const int flag : {1, 2, 3}) completed.mutable_sdk_metadata()->add_core_used_flags(flag);
  return event.event_id();
}

int64_t HistoryBuilder::TaskFailed(enums::WorkflowTaskFailedCause cause, std::string_view new_run_id) {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_TASK_FAILED);
  auto& failed = *event.mutable_workflow_task_failed_event_attributes();
  failed.set_scheduled_event_id(last_scheduled_task_);
  failed.set_started_event_id(last_started_task_);
  failed.set_cause(cause);
  failed.set_new_run_id(std::string(new_run_id));
  return event.event_id();
}

int64_t HistoryBuilder::TaskTimedOut() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);
  event.mutable_workflow_task_timed_out_event_attributes()->set_scheduled_event_id(last_scheduled_task_);
  return event.event_id();
}

int64_t HistoryBuilder::OpenTask() {
  TaskScheduled();
  return TaskStarted();
}

int64_t HistoryBuilder::Task() {
  OpenTask();
  return TaskCompleted();
}

int64_t HistoryBuilder::Answered(const api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& reply) {
  TaskCompleted();
  auto& completed = *history_.mutable_events()->rbegin()->mutable_workflow_task_completed_event_attributes();
  *completed.mutable_sdk_metadata() = reply.sdk_metadata();
  for (const auto& command : reply.commands()) AddFor(command);
  return last_id();
}

void HistoryBuilder::AddFor(const api::command::v1::Command& command) {
  if (command.has_record_marker_command_attributes()) {
    const auto& from = command.record_marker_command_attributes();
    auto& marker = *Add(enums::EVENT_TYPE_MARKER_RECORDED).mutable_marker_recorded_event_attributes();
    marker.set_marker_name(from.marker_name());
    *marker.mutable_details() = from.details();
    if (from.has_failure()) *marker.mutable_failure() = from.failure();
  } else if (command.has_start_timer_command_attributes()) {
    TimerStarted(command.start_timer_command_attributes().timer_id());
  } else if (command.has_schedule_activity_task_command_attributes()) {
    const auto& activity = command.schedule_activity_task_command_attributes();
    ActivityScheduled(activity.activity_id(), activity.activity_type().name());
  } else if (command.has_request_cancel_activity_task_command_attributes()) {
    ActivityCancelRequested(command.request_cancel_activity_task_command_attributes().scheduled_event_id());
  } else if (command.has_upsert_workflow_search_attributes_command_attributes()) {
    ChangeVersionUpserted();
  } else if (command.has_complete_workflow_execution_command_attributes()) {
    Completed();
  } else if (command.has_fail_workflow_execution_command_attributes()) {
    Failed();
  } else if (command.has_cancel_workflow_execution_command_attributes()) {
    Canceled();
  } else {
    std::fprintf(stderr, "HistoryBuilder: no event for %s\n", command.ShortDebugString().c_str());
    std::abort();
  }
}

int64_t HistoryBuilder::Signaled(std::string_view name, const Payloads& input) {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
  auto& signal = *event.mutable_workflow_execution_signaled_event_attributes();
  signal.set_signal_name(std::string(name));
  *signal.mutable_input() = input;
  return event.event_id();
}

void HistoryBuilder::UpdateRequested(std::string_view id, std::string_view name, const Payloads& input) {
  auto& request = updates_.emplace_back().request;
  request.mutable_meta()->set_update_id(std::string(id));
  request.mutable_input()->set_name(std::string(name));
  *request.mutable_input()->mutable_args() = input;
}

int64_t HistoryBuilder::UpdateAdmitted(std::string_view id, std::string_view name, const Payloads& input) {
  UpdateRequested(id, name, input);
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED);
  Update& update = updates_.back();
  update.admitted = true;
  update.after = event.event_id();
  *event.mutable_workflow_execution_update_admitted_event_attributes()->mutable_request() = update.request;
  return event.event_id();
}

int64_t HistoryBuilder::UpdateAccepted(std::string_view id) {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED);
  auto& accepted = *event.mutable_workflow_execution_update_accepted_event_attributes();
  accepted.set_protocol_instance_id(std::string(id));
  accepted.set_accepted_request_message_id(std::string(id) + "/request");
  for (const Update& update : updates_) {
    if (update.request.meta().update_id() != id) continue;
    accepted.set_accepted_request_sequencing_event_id(update.after);
    if (!update.admitted) *accepted.mutable_accepted_request() = update.request;
  }
  return event.event_id();
}

int64_t HistoryBuilder::UpdateCompleted(std::string_view id) {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED);
  event.mutable_workflow_execution_update_completed_event_attributes()->mutable_meta()->set_update_id(std::string(id));
  return event.event_id();
}

int64_t HistoryBuilder::CancelRequested() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED);
  event.mutable_workflow_execution_cancel_requested_event_attributes()->set_cause("asked for");
  return event.event_id();
}

int64_t HistoryBuilder::TimerStarted(std::string_view timer_id) {
  auto& event = Add(enums::EVENT_TYPE_TIMER_STARTED);
  event.mutable_timer_started_event_attributes()->set_timer_id(std::string(timer_id));
  return event.event_id();
}

int64_t HistoryBuilder::TimerFired(int64_t started) {
  auto& event = Add(enums::EVENT_TYPE_TIMER_FIRED);
  auto& fired = *event.mutable_timer_fired_event_attributes();
  fired.set_started_event_id(started);
  fired.set_timer_id(history_.events(static_cast<int>(started) - 1).timer_started_event_attributes().timer_id());
  return event.event_id();
}

int64_t HistoryBuilder::TimerCanceled(int64_t started) {
  auto& event = Add(enums::EVENT_TYPE_TIMER_CANCELED);
  event.mutable_timer_canceled_event_attributes()->set_started_event_id(started);
  return event.event_id();
}

int64_t HistoryBuilder::ActivityScheduled(std::string_view activity_id, std::string_view type) {
  auto& event = Add(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
  auto& scheduled = *event.mutable_activity_task_scheduled_event_attributes();
  scheduled.set_activity_id(std::string(activity_id));
  scheduled.mutable_activity_type()->set_name(std::string(type));
  return event.event_id();
}

int64_t HistoryBuilder::ActivityStarted(int64_t scheduled) {
  auto& event = Add(enums::EVENT_TYPE_ACTIVITY_TASK_STARTED);
  event.mutable_activity_task_started_event_attributes()->set_scheduled_event_id(scheduled);
  event.mutable_activity_task_started_event_attributes()->set_identity("worker");
  return event.event_id();
}

int64_t HistoryBuilder::ActivityCompleted(int64_t scheduled, const Payload& result) {
  auto& event = Add(enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED);
  auto& completed = *event.mutable_activity_task_completed_event_attributes();
  completed.set_scheduled_event_id(scheduled);
  *completed.mutable_result()->add_payloads() = result;
  return event.event_id();
}

int64_t HistoryBuilder::ActivityFailed(int64_t scheduled, std::string_view message, std::string_view failure_type) {
  auto& event = Add(enums::EVENT_TYPE_ACTIVITY_TASK_FAILED);
  auto& failed = *event.mutable_activity_task_failed_event_attributes();
  failed.set_scheduled_event_id(scheduled);
  failed.set_retry_state(enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED);
  failed.mutable_failure()->set_message(std::string(message));
  failed.mutable_failure()->mutable_application_failure_info()->set_type(std::string(failure_type));
  return event.event_id();
}

int64_t HistoryBuilder::ActivityTimedOut(int64_t scheduled) {
  auto& event = Add(enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT);
  auto& timed_out = *event.mutable_activity_task_timed_out_event_attributes();
  timed_out.set_scheduled_event_id(scheduled);
  timed_out.set_retry_state(enums::RETRY_STATE_TIMEOUT);
  timed_out.mutable_failure()->set_message("activity StartToClose timeout");
  timed_out.mutable_failure()->mutable_timeout_failure_info()->set_timeout_type(enums::TIMEOUT_TYPE_START_TO_CLOSE);
  return event.event_id();
}

int64_t HistoryBuilder::ActivityCancelRequested(int64_t scheduled) {
  auto& event = Add(enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED);
  event.mutable_activity_task_cancel_requested_event_attributes()->set_scheduled_event_id(scheduled);
  return event.event_id();
}

int64_t HistoryBuilder::ActivityCanceled(int64_t scheduled) {
  auto& event = Add(enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED);
  event.mutable_activity_task_canceled_event_attributes()->set_scheduled_event_id(scheduled);
  return event.event_id();
}

int64_t HistoryBuilder::ActivityDone(int64_t scheduled, const Payload& result) {
  ActivityStarted(scheduled);
  return ActivityCompleted(scheduled, result);
}

int64_t HistoryBuilder::LocalActivityEnded(const core::LocalActivityMarker& marker) {
  AddFor(core::MarkerCommand(marker));
  return last_id();
}

int64_t HistoryBuilder::ChildInitiated(std::string_view workflow_id, std::string_view type) {
  auto& event = Add(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED);
  auto& initiated = *event.mutable_start_child_workflow_execution_initiated_event_attributes();
  initiated.set_workflow_id(std::string(workflow_id));
  initiated.mutable_workflow_type()->set_name(std::string(type));
  return event.event_id();
}

int64_t HistoryBuilder::ChildStarted(int64_t initiated, std::string_view run_id) {
  auto& event = Add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED);
  auto& started = *event.mutable_child_workflow_execution_started_event_attributes();
  started.set_initiated_event_id(initiated);
  started.mutable_workflow_execution()->set_run_id(std::string(run_id));
  return event.event_id();
}

int64_t HistoryBuilder::ChildStartFailed(int64_t initiated) {
  auto& event = Add(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED);
  auto& failed = *event.mutable_start_child_workflow_execution_failed_event_attributes();
  failed.set_initiated_event_id(initiated);
  failed.set_cause(enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS);
  return event.event_id();
}

int64_t HistoryBuilder::ChildCompleted(int64_t initiated, const Payload& result) {
  auto& event = Add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED);
  auto& completed = *event.mutable_child_workflow_execution_completed_event_attributes();
  completed.set_initiated_event_id(initiated);
  *completed.mutable_result()->add_payloads() = result;
  return event.event_id();
}

int64_t HistoryBuilder::ChildFailed(int64_t initiated, std::string_view message) {
  auto& event = Add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED);
  auto& failed = *event.mutable_child_workflow_execution_failed_event_attributes();
  failed.set_initiated_event_id(initiated);
  failed.mutable_failure()->set_message(std::string(message));
  failed.mutable_failure()->mutable_application_failure_info();
  return event.event_id();
}

int64_t HistoryBuilder::ChildCanceled(int64_t initiated) {
  auto& event = Add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED);
  event.mutable_child_workflow_execution_canceled_event_attributes()->set_initiated_event_id(initiated);
  return event.event_id();
}

int64_t HistoryBuilder::ChildTerminated(int64_t initiated) {
  auto& event = Add(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED);
  event.mutable_child_workflow_execution_terminated_event_attributes()->set_initiated_event_id(initiated);
  return event.event_id();
}

int64_t HistoryBuilder::SignalExternalInitiated() {
  auto& event = Add(enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED);
  event.mutable_signal_external_workflow_execution_initiated_event_attributes();
  return event.event_id();
}

int64_t HistoryBuilder::ExternalSignaled(int64_t initiated) {
  auto& event = Add(enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED);
  event.mutable_external_workflow_execution_signaled_event_attributes()->set_initiated_event_id(initiated);
  return event.event_id();
}

int64_t HistoryBuilder::SignalExternalFailed(int64_t initiated) {
  auto& event = Add(enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED);
  auto& failed = *event.mutable_signal_external_workflow_execution_failed_event_attributes();
  failed.set_initiated_event_id(initiated);
  failed.set_cause(enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND);
  return event.event_id();
}

int64_t HistoryBuilder::CancelExternalInitiated() {
  auto& event = Add(enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED);
  event.mutable_request_cancel_external_workflow_execution_initiated_event_attributes();
  return event.event_id();
}

int64_t HistoryBuilder::ExternalCancelRequested(int64_t initiated) {
  auto& event = Add(enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED);
  event.mutable_external_workflow_execution_cancel_requested_event_attributes()->set_initiated_event_id(initiated);
  return event.event_id();
}

int64_t HistoryBuilder::Patched(std::string_view id, bool deprecated) {
  auto& event = Add(enums::EVENT_TYPE_MARKER_RECORDED);
  auto& marker = *event.mutable_marker_recorded_event_attributes();
  marker.set_marker_name("core_patch");
  auto& payload = *(*marker.mutable_details())["patch-data"].add_payloads();
  (*payload.mutable_metadata())["encoding"] = "json/plain";
  payload.set_data("{\"id\":\"" + std::string(id) + "\",\"deprecated\":" + (deprecated ? "true}" : "false}"));
  return event.event_id();
}

int64_t HistoryBuilder::ChangeVersionUpserted() {
  auto& event = Add(enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES);
  (*event.mutable_upsert_workflow_search_attributes_event_attributes()
        ->mutable_search_attributes()
        ->mutable_indexed_fields())["TemporalChangeVersion"]
      .set_data("[]");
  return event.event_id();
}

int64_t HistoryBuilder::MemoModified() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED);
  event.mutable_workflow_properties_modified_event_attributes();
  return event.event_id();
}

int64_t HistoryBuilder::Completed() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED);
  event.mutable_workflow_execution_completed_event_attributes();
  return event.event_id();
}

int64_t HistoryBuilder::Failed() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED);
  event.mutable_workflow_execution_failed_event_attributes();
  return event.event_id();
}

int64_t HistoryBuilder::Canceled() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED);
  event.mutable_workflow_execution_canceled_event_attributes();
  return event.event_id();
}

int64_t HistoryBuilder::ContinuedAsNew() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW);
  event.mutable_workflow_execution_continued_as_new_event_attributes();
  return event.event_id();
}

int64_t HistoryBuilder::Terminated() {
  auto& event = Add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED);
  event.mutable_workflow_execution_terminated_event_attributes();
  return event.event_id();
}

int64_t HistoryBuilder::PreviousStarted(int64_t started) const {
  int64_t previous = 0;
  for (const HistoryEvent& event : history_.events()) {
    if (event.event_id() >= started) break;
    if (event.has_workflow_task_completed_event_attributes()) {
      previous = event.workflow_task_completed_event_attributes().started_event_id();
    }
  }
  return previous;
}

api::workflowservice::v1::PollWorkflowTaskQueueResponse HistoryBuilder::TaskAt(int64_t started, int64_t first) const {
  if (started == 0) started = last_started_task_;
  api::workflowservice::v1::PollWorkflowTaskQueueResponse task;
  task.set_task_token("token-" + std::to_string(started));
  task.mutable_workflow_execution()->set_workflow_id("workflow-id");
  task.mutable_workflow_execution()->set_run_id(run_id_);
  task.mutable_workflow_type()->set_name(workflow_type_);
  task.set_started_event_id(started);
  task.set_previous_started_event_id(PreviousStarted(started));
  task.set_attempt(1);
  for (const Update& update : updates_) {
    if (update.started_task != started) continue;
    auto& message = *task.add_messages();
    message.set_id(update.request.meta().update_id() + "/request");
    message.set_protocol_instance_id(update.request.meta().update_id());
    message.set_event_id(update.after);
    message.mutable_body()->PackFrom(update.request);
  }
  for (const HistoryEvent& event : history_.events()) {
    if (event.event_id() >= first && event.event_id() <= started) *task.mutable_history()->add_events() = event;
  }
  return task;
}

}  // namespace temporal::testing
