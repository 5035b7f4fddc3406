#include "temporal/core/machines/local_activity.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/core/history/errors.h"
#include "temporal/core/machines/retry.h"

namespace temporal::core {

namespace enums = api::enums::v1;
using State = LocalActivityMachine::State;

absl::Status LocalActivityMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  if (!IsLocalActivityMarker(event) || (state_ != State::kTold && state_ != State::kForetold)) {
    return Unexpected("a local activity", event);
  }
  const auto marker = LocalActivityMarkerOf(event);
  if (!marker) return BadHistory(absl::StrCat("the local activity in ", Describe(event), " cannot be read"));
  if (absl::Status status = Check(*marker, event, sink); !status.ok()) return status;
  if (state_ == State::kTold && failed_ != marker->failure.has_value()) {
    return Nondeterminism(absl::StrCat("local activity ", call_.activity_id, failed_ ? " failed" : " completed",
                                       " here, but not in ", Describe(event)));
  }
  state_ = State::kRecorded;
  return absl::OkStatus();
}

absl::Status LocalActivityMachine::Check(const LocalActivityMarker& marker, const HistoryEvent& event,
                                         MachineSink& sink) const {
  if (marker.seq != call_.seq) {
    return Differs("number of the local activity", absl::StrCat(call_.seq), absl::StrCat(marker.seq), event);
  }
  if (!sink.ChecksIds()) return absl::OkStatus();
  if (marker.activity_id != call_.activity_id) {
    return Differs("id of the local activity", call_.activity_id, marker.activity_id, event);
  }
  if (marker.activity_type != call_.activity_type) {
    return Differs("type of the local activity", call_.activity_type, marker.activity_type, event);
  }
  return absl::OkStatus();
}

bool LocalActivityMachine::StopReplaying() {
  if (state_ != State::kAwaitingMarker) return false;
  state_ = State::kRunning;
  return true;
}

absl::Status LocalActivityMachine::Foretell(const LocalActivityMarker& marker, const HistoryEvent& event,
                                            MachineSink& sink) {
  if (absl::Status status = Check(marker, event, sink); !status.ok()) return status;
  state_ = State::kForetold;
  Tell(marker, sink);
  return absl::OkStatus();
}

void LocalActivityMachine::Resolve(LocalActivityResult result, uint64_t activation_index, MachineSink& sink) {
  if (state_ != State::kRunning) return;
  LocalActivityMarker marker;
  marker.seq = call_.seq;
  marker.attempt = result.attempt;
  marker.activity_id = call_.activity_id;
  marker.activity_type = call_.activity_type;
  marker.complete_time = scheduled_at_ + std::chrono::duration_cast<Time::duration>(result.runtime);
  marker.backoff = result.backoff;
  marker.original_schedule_time = call_.original_schedule_time;
  marker.activation_index = activation_index;
  if (auto* failure = std::get_if<FailureMessage>(&result.outcome)) {
    marker.failure = std::move(*failure);
  } else {
    marker.result = std::get<api::common::v1::Payload>(std::move(result.outcome));
  }
  failed_ = marker.failure.has_value();
  state_ = State::kTold;
  Tell(marker, sink);
  api::command::v1::Command command = MarkerCommand(marker);
  if (!call_.options.summary.empty()) {
    auto summary = ToPayload(call_.options.summary);
    if (summary.ok()) *command.mutable_user_metadata()->mutable_summary() = *std::move(summary);
  }
  sink.IssueCommand(shared_from_this(), std::move(command));
}

void LocalActivityMachine::ResolveCancelled(uint64_t activation_index, MachineSink& sink) {
  LocalActivityResult result;
  result.seq = call_.seq;
  result.attempt = call_.attempt;
  FailureMessage failure;
  failure.set_message("Activity cancelled");
  failure.mutable_canceled_failure_info();
  result.outcome = std::move(failure);
  Resolve(std::move(result), activation_index, sink);
}

void LocalActivityMachine::Tell(const LocalActivityMarker& marker, MachineSink& sink) const {
  LocalActivityJob job;
  job.seq = call_.seq;
  if (marker.backoff) job.backoff = {*marker.backoff, marker.attempt + 1};
  if (marker.failure) {
    job.outcome = Wrap(marker);
  } else {
    job.outcome = marker.result.value_or(api::common::v1::Payload());
  }
  sink.ResumeTask(marker.complete_time);
  sink.PushJob(std::move(job));
}

// As the server does for other activities. Made of the marker and the code's options alone: it is the same on replay.
FailureMessage LocalActivityMachine::Wrap(const LocalActivityMarker& marker) const {
  const FailureMessage& cause = *marker.failure;
  if (cause.has_activity_failure_info()) return cause;
  FailureMessage failure;
  failure.set_message(cause.has_canceled_failure_info()  ? "Local activity cancelled"
                      : cause.has_timeout_failure_info() ? "Local activity timed out"
                                                         : "Local activity failed");
  *failure.mutable_cause() = cause;
  auto& info = *failure.mutable_activity_failure_info();
  info.mutable_activity_type()->set_name(call_.activity_type);
  info.set_activity_id(call_.activity_id);
  const auto retry = NextRetry(call_.options.retry_policy.value_or(RetryPolicy()), marker.attempt, cause);
  const auto* why = std::get_if<enums::RetryState>(&retry);
  info.set_retry_state(why != nullptr ? *why : enums::RETRY_STATE_TIMEOUT);  // no time was left for another attempt
  return failure;
}

}  // namespace temporal::core
