#include "api/ops/history_steps.h"

#include "api/common/call.h"
#include "domain/error_code.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;
using Event = temporal::api::history::v1::HistoryEvent;
using temporal::api::failure::v1::Failure;

Time TimeOf(const google::protobuf::Timestamp& stamp) {
  return Time(std::chrono::seconds(stamp.seconds()) + std::chrono::microseconds(stamp.nanos() / 1000));
}

// What activities call their failures is the wire name of one of our codes; the innermost cause says most.
Json CauseOf(const Failure& failure) {
  const Failure* innermost = &failure;
  while (innermost->has_cause()) innermost = &innermost->cause();
  std::string code = "internal";
  if (innermost->has_application_failure_info() && !innermost->application_failure_info().type().empty()) {
    code = innermost->application_failure_info().type();
  } else if (innermost->has_timeout_failure_info()) {
    code = "deadline_exceeded";
  }
  return {{"code", code}, {"message", innermost->message()}};
}

// Folds one event after the other; steps are found again by the id of the event that scheduled them.
class Folder {
 public:
  void Apply(const Event& event) {
    const Time at = TimeOf(event.event_time());
    switch (event.attributes_case()) {
      case Event::kActivityTaskScheduledEventAttributes: {
        const auto& scheduled = event.activity_task_scheduled_event_attributes();
        HistoryStep& step = Begin(event, scheduled.activity_type().name(), "activity", "scheduled", at);
        step.activity_id = scheduled.activity_id();
        break;
      }
      case Event::kActivityTaskStartedEventAttributes: {
        const auto& started = event.activity_task_started_event_attributes();
        HistoryStep* step = Find(started.scheduled_event_id());
        if (step == nullptr) break;
        step->state = "running";
        step->attempts = started.attempt();
        if (started.has_last_failure()) step->error = step->last_failure = CauseOf(started.last_failure());
        break;
      }
      case Event::kActivityTaskCompletedEventAttributes:
        End(event.activity_task_completed_event_attributes().scheduled_event_id(), "completed", at, nullptr);
        break;
      case Event::kActivityTaskFailedEventAttributes: {
        const auto& failed = event.activity_task_failed_event_attributes();
        End(failed.scheduled_event_id(), "failed", at, CauseOf(failed.failure()));
        break;
      }
      case Event::kActivityTaskTimedOutEventAttributes: {
        const auto& timed_out = event.activity_task_timed_out_event_attributes();
        End(timed_out.scheduled_event_id(), "timed_out", at, CauseOf(timed_out.failure()));
        break;
      }
      case Event::kActivityTaskCanceledEventAttributes:
        End(event.activity_task_canceled_event_attributes().scheduled_event_id(), "canceled", at, nullptr);
        break;
      case Event::kTimerStartedEventAttributes: {
        const auto& started = event.timer_started_event_attributes();
        const auto& wait = started.start_to_fire_timeout();
        Begin(event, "timer " + started.timer_id(), "timer", "running", at).due_at =
            at + std::chrono::seconds(wait.seconds()) + std::chrono::microseconds(wait.nanos() / 1000);
        break;
      }
      case Event::kTimerFiredEventAttributes:
        End(event.timer_fired_event_attributes().started_event_id(), "completed", at, nullptr);
        break;
      case Event::kTimerCanceledEventAttributes:
        End(event.timer_canceled_event_attributes().started_event_id(), "canceled", at, nullptr);
        break;
      case Event::kWorkflowExecutionSignaledEventAttributes: {
        HistoryStep& step =
            Begin(event, event.workflow_execution_signaled_event_attributes().signal_name(), "signal", "completed", at);
        step.ended_at = at;
        break;
      }
      case Event::kStartChildWorkflowExecutionInitiatedEventAttributes:
        Begin(event, event.start_child_workflow_execution_initiated_event_attributes().workflow_id(), "child_workflow",
              "running", at);
        break;
      case Event::kChildWorkflowExecutionCompletedEventAttributes:
        End(event.child_workflow_execution_completed_event_attributes().initiated_event_id(), "completed", at, nullptr);
        break;
      case Event::kChildWorkflowExecutionFailedEventAttributes: {
        const auto& failed = event.child_workflow_execution_failed_event_attributes();
        End(failed.initiated_event_id(), "failed", at, CauseOf(failed.failure()));
        break;
      }
      case Event::kWorkflowExecutionFailedEventAttributes: {
        HistoryStep& step = Begin(event, "workflow", "workflow", "failed", at);
        step.ended_at = at;
        step.error = CauseOf(event.workflow_execution_failed_event_attributes().failure());
        break;
      }
      default:
        break;
    }
  }

  std::vector<HistoryStep> Take() { return std::move(steps_); }

 private:
  HistoryStep& Begin(const Event& event, std::string name, const char* kind, const char* state, Time at) {
    index_[event.event_id()] = steps_.size();
    HistoryStep& step = steps_.emplace_back();
    step.name = std::move(name);
    step.kind = kind;
    step.state = state;
    step.started_at = at;
    return step;
  }
  HistoryStep* Find(std::int64_t id) {
    auto it = index_.find(id);
    return it == index_.end() ? nullptr : &steps_[it->second];
  }
  void End(std::int64_t id, const char* state, Time at, Json error) {
    HistoryStep* step = Find(id);
    if (step == nullptr) return;
    step->state = state;
    step->ended_at = at;
    step->error = std::move(error);
  }

  std::vector<HistoryStep> steps_;
  std::map<std::int64_t, std::size_t> index_;
};

std::string StateOf(const stores::Attempt& attempt) {
  return attempt.outcome == "cancelled" ? "canceled" : attempt.outcome;
}

// Nobody wrote down the end of an attempt whose worker died. That it is over shows in another one having begun, or in
// the step's end.
void EndLostAttempts(HistoryStep& step) {
  for (std::size_t i = 0; i < step.attempt_list.size(); ++i) {
    Json& attempt = step.attempt_list[i];
    if (attempt["state"] != "running") continue;
    const int number = attempt["attempt"];
    if (number >= step.attempts && !step.ended_at) continue;
    if (number >= step.attempts) {  // it was the last one
      attempt["state"] = step.state == "timed_out" ? "failed" : step.state;
      attempt["ended_at"] = JsonOf(step.ended_at);
      attempt["error"] = step.error;
      continue;
    }
    attempt["state"] = "failed";
    if (i + 1 < step.attempt_list.size()) attempt["ended_at"] = step.attempt_list[i + 1]["started_at"];
    attempt["error"] = number + 1 == step.attempts && !step.last_failure.is_null()
                           ? step.last_failure
                           : Json{{"code", InfoOf(ErrorCode::kUnavailable).name}, {"message", "the worker was lost"}};
  }
}

Json ErrorOf(const stores::Attempt& attempt) {
  if (attempt.outcome != "failed") return nullptr;
  return {{"code", attempt.error_code.empty() ? "internal" : attempt.error_code}, {"message", attempt.message}};
}

}  // namespace

std::vector<HistoryStep> StepsOf(const temporal::api::history::v1::History& history) {
  Folder folder;
  for (const Event& event : history.events()) folder.Apply(event);
  return folder.Take();
}

std::vector<HistoryStep> StepsOf(const std::vector<stores::Attempt>& attempts) {
  std::vector<HistoryStep> steps;
  std::vector<std::vector<stores::Attempt>> attempts_of;  // of each step
  std::map<std::pair<std::string, std::string>, std::size_t> index;
  for (const stores::Attempt& attempt : attempts) {
    auto [it, fresh] = index.try_emplace({attempt.run_id, attempt.activity_id}, steps.size());
    if (fresh) {
      HistoryStep& step = steps.emplace_back();
      step.name = attempt.step;
      step.kind = "activity";
      step.activity_id = attempt.activity_id;
      step.started_at = attempt.started_at;
      attempts_of.emplace_back();
    }
    HistoryStep& step = steps[it->second];
    step.state = attempt.next_retry_at ? "retrying" : StateOf(attempt);
    step.ended_at = attempt.next_retry_at ? std::nullopt : attempt.ended_at;
    step.error = ErrorOf(attempt);
    step.next_retry_at = attempt.next_retry_at;
    attempts_of[it->second].push_back(attempt);
  }
  for (std::size_t i = 0; i < steps.size(); ++i) AddAttempts(steps[i], attempts_of[i]);
  return steps;
}

void AddAttempts(HistoryStep& step, const std::vector<stores::Attempt>& attempts) {
  for (const stores::Attempt& attempt : attempts) {
    if (attempt.activity_id != step.activity_id) continue;
    step.attempts = std::max(step.attempts, attempt.number);
    if (attempt.outcome == "completed") step.detail = attempt.message;
    step.attempt_list.push_back({{"attempt", attempt.number},
                                 {"state", StateOf(attempt)},
                                 {"started_at", JsonOf(attempt.started_at)},
                                 {"ended_at", JsonOf(attempt.ended_at)},
                                 {"error", ErrorOf(attempt)}});
  }
  EndLostAttempts(step);
}

Json ToJson(const HistoryStep& step) {
  return {{"name", step.name},
          {"kind", step.kind},
          {"state", step.state},
          {"attempts", step.attempts},
          {"started_at", JsonOf(step.started_at)},
          {"ended_at", JsonOf(step.ended_at)},
          {"error", step.error},
          {"detail", step.detail},
          {"next_retry_at", JsonOf(step.next_retry_at)},
          {"due_at", JsonOf(step.due_at)},
          {"attempt_list", step.attempt_list}};
}

}  // namespace gpuaas::api
