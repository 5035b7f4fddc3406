#include "temporal/testing/fake/server.h"

// What the commands of a completed workflow task do.
namespace temporal::testing::fake {

void Server::Apply(Run& run, const api::command::v1::Command& command) {
  using Command = api::command::v1::Command;
  const int64_t completed_id = run.last_event_id();
  switch (command.attributes_case()) {
    case Command::kScheduleActivityTaskCommandAttributes:
      return ScheduleActivity(run, command);
    case Command::kRequestCancelActivityTaskCommandAttributes:
      return CancelActivity(run, command);
    case Command::kStartTimerCommandAttributes:
      return StartTimer(run, command);
    case Command::kCancelTimerCommandAttributes:
      return CancelTimer(run, command);
    case Command::kCompleteWorkflowExecutionCommandAttributes: {
      auto& attributes = *Append(run, enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
                              .mutable_workflow_execution_completed_event_attributes();
      CopyFields(command.complete_workflow_execution_command_attributes(), attributes);
      attributes.set_workflow_task_completed_event_id(completed_id);
      return Close(run, enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
    }
    case Command::kFailWorkflowExecutionCommandAttributes: {
      auto& attributes = *Append(run, enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED)
                              .mutable_workflow_execution_failed_event_attributes();
      CopyFields(command.fail_workflow_execution_command_attributes(), attributes);
      attributes.set_workflow_task_completed_event_id(completed_id);
      return Close(run, enums::WORKFLOW_EXECUTION_STATUS_FAILED);
    }
    case Command::kCancelWorkflowExecutionCommandAttributes: {
      auto& attributes = *Append(run, enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED)
                              .mutable_workflow_execution_canceled_event_attributes();
      CopyFields(command.cancel_workflow_execution_command_attributes(), attributes);
      attributes.set_workflow_task_completed_event_id(completed_id);
      return Close(run, enums::WORKFLOW_EXECUTION_STATUS_CANCELED);
    }
    case Command::kContinueAsNewWorkflowExecutionCommandAttributes:
      return ContinueAsNew(run, command);
    case Command::kRecordMarkerCommandAttributes: {
      auto& attributes = *Append(run, enums::EVENT_TYPE_MARKER_RECORDED).mutable_marker_recorded_event_attributes();
      CopyFields(command.record_marker_command_attributes(), attributes);
      *attributes.mutable_details() = command.record_marker_command_attributes().details();
      return;
    }
    case Command::kStartChildWorkflowExecutionCommandAttributes:
      return StartChild(run, command);
    case Command::kSignalExternalWorkflowExecutionCommandAttributes:
      return SignalExternal(run, command);
    case Command::kRequestCancelExternalWorkflowExecutionCommandAttributes:
      return CancelExternal(run, command);
    case Command::kUpsertWorkflowSearchAttributesCommandAttributes:
      CopyFields(command.upsert_workflow_search_attributes_command_attributes(),
                 *Append(run, enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
                      .mutable_upsert_workflow_search_attributes_event_attributes());
      run.started.mutable_search_attributes()->MergeFrom(
          command.upsert_workflow_search_attributes_command_attributes().search_attributes());
      return;
    case Command::kModifyWorkflowPropertiesCommandAttributes:
      CopyFields(command.modify_workflow_properties_command_attributes(),
                 *Append(run, enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED)
                      .mutable_workflow_properties_modified_event_attributes());
      run.started.mutable_memo()->MergeFrom(command.modify_workflow_properties_command_attributes().upserted_memo());
      return;
    default:
      return;
  }
}

void Server::StartTimer(Run& run, const api::command::v1::Command& command) {
  const auto& start = command.start_timer_command_attributes();
  CopyFields(start, *Append(run, enums::EVENT_TYPE_TIMER_STARTED).mutable_timer_started_event_attributes());
  const int64_t started_id = run.last_event_id();
  run.timers[started_id] = {started_id, start.timer_id()};
  At(now + FromProto(start.start_to_fire_timeout()), [this, run_id = run.run_id, started_id] {
    Run& due = *ByRunId(run_id);
    const auto timer = due.timers.extract(started_id);
    if (timer.empty()) return;
    const auto append = [this, fired = timer.mapped()](Run& to) {
      auto& attributes = *Append(to, enums::EVENT_TYPE_TIMER_FIRED).mutable_timer_fired_event_attributes();
      attributes.set_timer_id(fired.id);
      attributes.set_started_event_id(fired.started_id);
    };
    Deliver(due, append, timer.mapped());
  });
}

void Server::CancelTimer(Run& run, const api::command::v1::Command& command) {
  const std::string& id = command.cancel_timer_command_attributes().timer_id();
  int64_t started_id = 0;
  for (const auto& [started, timer] : run.timers) {
    if (timer.id == id) started_id = started;
  }
  for (const BufferedEvent& event : run.buffered) {
    if (event.fired && event.fired->id == id) started_id = event.fired->started_id;
  }
  if (started_id == 0) return;
  run.timers.erase(started_id);
  std::erase_if(run.buffered, [&](const BufferedEvent& event) { return event.fired && event.fired->id == id; });
  auto& attributes = *Append(run, enums::EVENT_TYPE_TIMER_CANCELED).mutable_timer_canceled_event_attributes();
  attributes.set_timer_id(id);
  attributes.set_started_event_id(started_id);
}

void Server::StartChild(Run& run, const api::command::v1::Command& command) {
  const auto& start = command.start_child_workflow_execution_command_attributes();
  auto& initiated = *Append(run, enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED)
                         .mutable_start_child_workflow_execution_initiated_event_attributes();
  CopyFields(start, initiated);
  initiated.set_namespace_("default");
  const int64_t initiated_id = run.last_event_id();
  const Run* existing = Newest(start.workflow_id());
  if (existing != nullptr && existing->open()) {
    Deliver(run, [this, start, initiated_id](Run& to) {
      auto& attributes = *Append(to, enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED)
                              .mutable_start_child_workflow_execution_failed_event_attributes();
      CopyFields(start, attributes);
      attributes.set_initiated_event_id(initiated_id);
      attributes.set_cause(enums::START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS);
    });
    return;
  }
  StartedAttributes attributes;
  CopyFields(start, attributes);
  if (attributes.task_queue().name().empty()) *attributes.mutable_task_queue() = run.started.task_queue();
  attributes.set_parent_workflow_namespace("default");
  attributes.mutable_parent_workflow_execution()->set_workflow_id(run.workflow_id);
  attributes.mutable_parent_workflow_execution()->set_run_id(run.run_id);
  attributes.set_parent_initiated_event_id(initiated_id);
  PassOn(run, attributes);
  const Run& child = NewRun(start.workflow_id(), std::move(attributes), {});
  run.children[initiated_id] = child.run_id;
  Deliver(run, [this, initiated_id, start, child_run = child.run_id](Run& to) {
    auto& started = *Append(to, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)
                         .mutable_child_workflow_execution_started_event_attributes();
    started.set_namespace_("default");
    started.set_initiated_event_id(initiated_id);
    started.mutable_workflow_execution()->set_workflow_id(start.workflow_id());
    started.mutable_workflow_execution()->set_run_id(child_run);
    *started.mutable_workflow_type() = start.workflow_type();
    to.child_started[initiated_id] = to.last_event_id();
  });
}

void Server::SignalExternal(Run& run, const api::command::v1::Command& command) {
  const auto& signal = command.signal_external_workflow_execution_command_attributes();
  auto& initiated = *Append(run, enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
                         .mutable_signal_external_workflow_execution_initiated_event_attributes();
  CopyFields(signal, initiated);
  *initiated.mutable_workflow_execution() = signal.execution();
  const int64_t initiated_id = run.last_event_id();
  Run* target = Find(signal.execution());
  const bool found = target != nullptr && target->open();
  Deliver(run, [this, initiated_id, found, execution = signal.execution()](Run& to) {
    if (found) {
      auto& attributes = *Append(to, enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED)
                              .mutable_external_workflow_execution_signaled_event_attributes();
      attributes.set_initiated_event_id(initiated_id);
      *attributes.mutable_workflow_execution() = execution;
    } else {
      auto& attributes = *Append(to, enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
                              .mutable_signal_external_workflow_execution_failed_event_attributes();
      attributes.set_initiated_event_id(initiated_id);
      *attributes.mutable_workflow_execution() = execution;
      attributes.set_cause(
          enums::SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND);
    }
  });
  if (!found) return;
  history::WorkflowExecutionSignaledEventAttributes attributes;
  CopyFields(signal, attributes);
  SignalRun(*target, std::move(attributes), {});
}

void Server::CancelExternal(Run& run, const api::command::v1::Command& command) {
  const auto& cancel = command.request_cancel_external_workflow_execution_command_attributes();
  auto& initiated = *Append(run, enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED)
                         .mutable_request_cancel_external_workflow_execution_initiated_event_attributes();
  initiated.mutable_workflow_execution()->set_workflow_id(cancel.workflow_id());
  initiated.mutable_workflow_execution()->set_run_id(cancel.run_id());
  initiated.set_child_workflow_only(cancel.child_workflow_only());
  const auto execution = initiated.workflow_execution();
  const int64_t initiated_id = run.last_event_id();
  Run* target = Find(execution);
  const bool found = target != nullptr && target->open();
  Deliver(run, [this, initiated_id, found, execution](Run& to) {
    if (found) {
      auto& attributes = *Append(to, enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
                              .mutable_external_workflow_execution_cancel_requested_event_attributes();
      attributes.set_initiated_event_id(initiated_id);
      *attributes.mutable_workflow_execution() = execution;
    } else {
      auto& attributes = *Append(to, enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED)
                              .mutable_request_cancel_external_workflow_execution_failed_event_attributes();
      attributes.set_initiated_event_id(initiated_id);
      *attributes.mutable_workflow_execution() = execution;
      attributes.set_cause(
          enums::CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED_CAUSE_EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND);
    }
  });
  if (found) RequestCancel(*target, cancel.reason(), "history-service");
}

void Server::ContinueAsNew(Run& run, const api::command::v1::Command& command) {
  const auto& again = command.continue_as_new_workflow_execution_command_attributes();
  StartedAttributes next;
  CopyFields(again, next);
  if (next.workflow_type().name().empty()) *next.mutable_workflow_type() = run.started.workflow_type();
  if (next.task_queue().name().empty()) *next.mutable_task_queue() = run.started.task_queue();
  if (!next.has_workflow_run_timeout()) *next.mutable_workflow_run_timeout() = run.started.workflow_run_timeout();
  if (!next.has_workflow_task_timeout()) *next.mutable_workflow_task_timeout() = run.started.workflow_task_timeout();
  if (!next.has_memo()) *next.mutable_memo() = run.started.memo();
  if (again.initial_versioning_behavior() == enums::CONTINUE_AS_NEW_VERSIONING_BEHAVIOR_UNSPECIFIED) PassOn(run, next);
  if (run.versioning_override) *next.mutable_versioning_override() = *run.versioning_override;
  next.set_continued_execution_run_id(run.run_id);
  next.set_first_execution_run_id(run.started.first_execution_run_id());
  *next.mutable_parent_workflow_execution() = run.started.parent_workflow_execution();
  next.set_parent_initiated_event_id(run.started.parent_initiated_event_id());
  next.set_initiator(enums::CONTINUE_AS_NEW_INITIATOR_WORKFLOW);
  run.status = enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW;
  Run& fresh = NewRun(run.workflow_id, std::move(next), {});
  for (Update& update : run.updates) {
    if (update.state == Update::State::kAdmitted) fresh.updates.push_back(update);
  }
  auto& attributes = *Append(run, enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
                          .mutable_workflow_execution_continued_as_new_event_attributes();
  CopyFields(again, attributes);
  attributes.set_new_execution_run_id(fresh.run_id);
  Close(run, enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW);
}

}  // namespace temporal::testing::fake
