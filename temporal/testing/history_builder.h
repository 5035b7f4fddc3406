#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/core/history/local_activity_marker.h"

namespace temporal::testing {

// Writes a history event by event, as a server would: ids count from 1, the clock moves on one second per event.
// Functions that add an event return its id. Begins with WorkflowExecutionStarted.
class HistoryBuilder {
 public:
  using Payload = api::common::v1::Payload;
  using Payloads = api::common::v1::Payloads;

  explicit HistoryBuilder(std::string_view workflow_type, const Payloads& input = {});

  // --- workflow tasks
  int64_t TaskScheduled();
  int64_t TaskStarted();
  int64_t TaskCompleted();
  int64_t TaskFailed(api::enums::v1::WorkflowTaskFailedCause cause, std::string_view new_run_id = {});
  int64_t TaskTimedOut();
  // Scheduled and started; the id of the latter.
  int64_t OpenTask();
  // Scheduled, started and completed; the id of the last.
  int64_t Task();

  // Completed as the reply has it: with its metadata, and the events that the server writes for its commands. Of
  // commands: markers, timers, activities, upserts, ends.
  int64_t Answered(const api::workflowservice::v1::RespondWorkflowTaskCompletedRequest& reply);

  // --- from outside
  int64_t Signaled(std::string_view name, const Payloads& input = {});
  int64_t CancelRequested();

  // --- updates
  // Somebody asks for one: it comes as a message of the task that is started next.
  void UpdateRequested(std::string_view id, std::string_view name, const Payloads& input = {});
  // It is in the history instead, as after a reset.
  int64_t UpdateAdmitted(std::string_view id, std::string_view name, const Payloads& input = {});
  int64_t UpdateAccepted(std::string_view id);
  int64_t UpdateCompleted(std::string_view id);

  // --- timers
  int64_t TimerStarted(std::string_view timer_id);
  int64_t TimerFired(int64_t started);
  int64_t TimerCanceled(int64_t started);

  // --- activities; `scheduled` is the id of the scheduled event
  int64_t ActivityScheduled(std::string_view activity_id, std::string_view type);
  int64_t ActivityStarted(int64_t scheduled);
  int64_t ActivityCompleted(int64_t scheduled, const Payload& result = {});
  int64_t ActivityFailed(int64_t scheduled, std::string_view message, std::string_view failure_type);
  int64_t ActivityTimedOut(int64_t scheduled);
  int64_t ActivityCancelRequested(int64_t scheduled);
  int64_t ActivityCanceled(int64_t scheduled);
  // Started and completed.
  int64_t ActivityDone(int64_t scheduled, const Payload& result = {});

  // --- local activities
  int64_t LocalActivityEnded(const core::LocalActivityMarker& marker);

  // --- children and other workflows; `initiated` is the id of the initiated event
  int64_t ChildInitiated(std::string_view workflow_id, std::string_view type);
  int64_t ChildStarted(int64_t initiated, std::string_view run_id);
  int64_t ChildStartFailed(int64_t initiated);
  int64_t ChildCompleted(int64_t initiated, const Payload& result = {});
  int64_t ChildFailed(int64_t initiated, std::string_view message);
  int64_t ChildCanceled(int64_t initiated);
  int64_t ChildTerminated(int64_t initiated);
  int64_t SignalExternalInitiated();
  int64_t ExternalSignaled(int64_t initiated);
  int64_t SignalExternalFailed(int64_t initiated);
  int64_t CancelExternalInitiated();
  int64_t ExternalCancelRequested(int64_t initiated);

  // --- records and ends
  int64_t Patched(std::string_view id, bool deprecated = false);
  int64_t ChangeVersionUpserted();
  int64_t MemoModified();
  int64_t Completed();
  int64_t Failed();
  int64_t Canceled();
  int64_t ContinuedAsNew();
  int64_t Terminated();

  // Any other event; fill in the attributes.
  api::history::v1::HistoryEvent& Add(api::enums::v1::EventType type);

  const api::history::v1::History& history() const { return history_; }
  int64_t last_id() const { return history_.events_size(); }
  const std::string& run_id() const { return run_id_; }
  const std::string& workflow_type() const { return workflow_type_; }

  // The task that the server would hand out for the started event `started` (0: the last one), with the events from
  // `first` on and its messages, where the tasks before it were completed.
  api::workflowservice::v1::PollWorkflowTaskQueueResponse TaskAt(int64_t started = 0, int64_t first = 1) const;
  // The started event of the last completed task before `started`, or 0.
  int64_t PreviousStarted(int64_t started) const;

 private:
  struct Update {
    api::update::v1::Request request;
    bool admitted = false;
    int64_t after = 0;         // 0: not yet sent
    int64_t started_task = 0;  // whose message it is
  };

  void AddFor(const api::command::v1::Command& command);

  int64_t last_scheduled_task_ = 0;
  int64_t last_started_task_ = 0;
  std::string workflow_type_;
  std::string run_id_;
  std::vector<Update> updates_;
  api::history::v1::History history_;
};

}  // namespace temporal::testing
