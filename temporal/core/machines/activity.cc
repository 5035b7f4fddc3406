#include "temporal/core/machines/activity.h"

#include <utility>

namespace temporal::core {

namespace enums = api::enums::v1;
using State = ActivityMachine::State;

namespace {
constexpr Transition<State> kTransitions[] = {
    {State::kCreated, enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, State::kScheduled},
    {State::kCreated, kCancelInput, State::kDropped},
    {State::kCreated, kAbandonInput, State::kDropped},

    {State::kScheduled, enums::EVENT_TYPE_ACTIVITY_TASK_STARTED, State::kStarted},
    {State::kScheduled, enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, State::kEnded},
    {State::kScheduled, kCancelInput, State::kCancelCreated},
    {State::kScheduled, kAbandonInput, State::kAbandoned},

    {State::kStarted, enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED, State::kEnded},
    {State::kStarted, enums::EVENT_TYPE_ACTIVITY_TASK_FAILED, State::kEnded},
    {State::kStarted, enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, State::kEnded},
    {State::kStarted, enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED, State::kEnded},
    {State::kStarted, kCancelInput, State::kCancelCreatedStarted},
    {State::kStarted, kAbandonInput, State::kAbandoned},

    {State::kCancelCreated, enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED, State::kCancelRequested},
    {State::kCancelCreatedStarted, enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED, State::kCancelRequested},

    {State::kCancelRequested, enums::EVENT_TYPE_ACTIVITY_TASK_STARTED, State::kCancelRequested},
    {State::kCancelRequested, enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED, State::kEnded},
    {State::kCancelRequested, enums::EVENT_TYPE_ACTIVITY_TASK_FAILED, State::kEnded},
    {State::kCancelRequested, enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, State::kEnded},
    {State::kCancelRequested, enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED, State::kEnded},

    {State::kAbandoned, enums::EVENT_TYPE_ACTIVITY_TASK_STARTED, State::kAbandoned},
    {State::kAbandoned, enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED, State::kEnded},
    {State::kAbandoned, enums::EVENT_TYPE_ACTIVITY_TASK_FAILED, State::kEnded},
    {State::kAbandoned, enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT, State::kEnded},
    {State::kAbandoned, enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED, State::kEnded},
};
}  // namespace

absl::Status ActivityMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  const bool cancelling = state_ == State::kCancelCreated || state_ == State::kCancelCreatedStarted;
  if (!Advance(kTransitions, state_, event.event_type())) {
    return Unexpected(cancelling ? "the cancellation of an activity" : "an activity", event);
  }
  if (state_ == State::kScheduled) {
    const auto& scheduled = event.activity_task_scheduled_event_attributes();
    scheduled_event_id_ = event.event_id();
    if (!sink.ChecksIds()) return absl::OkStatus();
    if (scheduled.activity_id() != id_) return Differs("activity id", id_, scheduled.activity_id(), event);
    if (scheduled.activity_type().name() != type_) {
      return Differs("activity type", type_, scheduled.activity_type().name(), event);
    }
  } else if (event.has_activity_task_started_event_attributes()) {
    started_event_id_ = event.event_id();
    identity_ = event.activity_task_started_event_attributes().identity();
  } else if (state_ == State::kEnded && !resolved_) {
    Ended(event, sink);
  }
  return absl::OkStatus();
}

void ActivityMachine::Ended(const HistoryEvent& event, MachineSink& sink) {
  resolved_ = true;
  if (event.has_activity_task_completed_event_attributes()) {
    const auto& result = event.activity_task_completed_event_attributes().result();
    sink.PushJob(ActivityJob{seq_, result.payloads_size() > 0 ? result.payloads(0) : api::common::v1::Payload()});
  } else if (event.has_activity_task_failed_event_attributes()) {
    const auto& failed = event.activity_task_failed_event_attributes();
    sink.PushJob(ActivityJob{seq_, Wrap("Activity task failed", failed.failure(), failed.retry_state())});
  } else if (event.has_activity_task_timed_out_event_attributes()) {
    const auto& timed_out = event.activity_task_timed_out_event_attributes();
    sink.PushJob(ActivityJob{seq_, Wrap("Activity task timed out", timed_out.failure(), timed_out.retry_state())});
  } else {
    sink.PushJob(ActivityJob{seq_, Cancelled(&event.activity_task_canceled_event_attributes().details())});
  }
}

void ActivityMachine::Cancel(MachineSink& sink) {
  const bool abandon = cancellation_ == ActivityCancellation::kAbandon;
  if (!Advance(kTransitions, state_, abandon ? kAbandonInput : kCancelInput)) return;
  if (state_ == State::kCancelCreated || state_ == State::kCancelCreatedStarted) {
    api::command::v1::Command command;
    command.set_command_type(enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK);
    command.mutable_request_cancel_activity_task_command_attributes()->set_scheduled_event_id(scheduled_event_id_);
    sink.IssueCommand(shared_from_this(), std::move(command));
    if (cancellation_ == ActivityCancellation::kWaitCompleted) return;
  }
  resolved_ = true;
  sink.PushJob(ActivityJob{seq_, Cancelled(nullptr)});
}

FailureMessage ActivityMachine::Wrap(std::string message, FailureMessage cause, int retry_state) const {
  FailureMessage failure;
  failure.set_message(std::move(message));
  *failure.mutable_cause() = std::move(cause);
  auto& info = *failure.mutable_activity_failure_info();
  info.set_scheduled_event_id(scheduled_event_id_);
  info.set_started_event_id(started_event_id_);
  info.set_identity(identity_);
  info.mutable_activity_type()->set_name(type_);
  info.set_activity_id(id_);
  info.set_retry_state(static_cast<enums::RetryState>(retry_state));
  return failure;
}

FailureMessage ActivityMachine::Cancelled(const api::common::v1::Payloads* details) const {
  FailureMessage cause;
  cause.set_message("Activity cancelled");
  auto& info = *cause.mutable_canceled_failure_info();
  if (details != nullptr && details->payloads_size() > 0) *info.mutable_details() = *details;
  return Wrap("Activity cancelled", std::move(cause), enums::RETRY_STATE_CANCEL_REQUESTED);
}

}  // namespace temporal::core
