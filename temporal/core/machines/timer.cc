#include "temporal/core/machines/timer.h"

namespace temporal::core {

namespace enums = api::enums::v1;
using State = TimerMachine::State;

namespace {
constexpr Transition<State> kTransitions[] = {
    {State::kCreated, enums::EVENT_TYPE_TIMER_STARTED, State::kStarted},
    {State::kCreated, kCancelInput, State::kDropped},
    {State::kStarted, enums::EVENT_TYPE_TIMER_FIRED, State::kFired},
    {State::kStarted, kCancelInput, State::kCancelCreated},
    {State::kCancelCreated, enums::EVENT_TYPE_TIMER_CANCELED, State::kCancelled},
};
}  // namespace

absl::Status TimerMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  if (!Advance(kTransitions, state_, event.event_type())) {
    return Unexpected(state_ == State::kCancelCreated ? "the cancellation of a timer" : "a timer", event);
  }
  if (state_ == State::kStarted) {
    const std::string& id = event.timer_started_event_attributes().timer_id();
    if (sink.ChecksIds() && id != timer_id_) return Differs("timer id", timer_id_, id, event);
  } else if (state_ == State::kFired) {
    sink.PushJob(TimerFiredJob{seq_});
  }
  return absl::OkStatus();
}

void TimerMachine::Cancel(MachineSink& sink) {
  if (!Advance(kTransitions, state_, kCancelInput) || state_ != State::kCancelCreated) return;
  api::command::v1::Command command;
  command.set_command_type(enums::COMMAND_TYPE_CANCEL_TIMER);
  command.mutable_cancel_timer_command_attributes()->set_timer_id(timer_id_);
  sink.IssueCommand(shared_from_this(), std::move(command));
}

}  // namespace temporal::core
