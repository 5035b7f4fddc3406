#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "temporal/testing/fake/server.h"

// Activities: attempts, retries, timeouts, heartbeats, cancellation.
namespace temporal::testing::fake {
namespace {

std::string Token(const Run& run, const Activity& activity) {
  return absl::StrCat("a|", run.run_id, "|", activity.scheduled_id, "|", activity.attempt);
}

bool Names(const api::common::v1::RetryPolicy& policy, const std::string& type) {
  const auto& types = policy.non_retryable_error_types();
  return std::find(types.begin(), types.end(), type) != types.end();
}

Failure TimeoutFailure(const Activity& activity, enums::TimeoutType type) {
  Failure failure;
  failure.set_message("activity " + enums::TimeoutType_Name(type) + " timeout");
  failure.set_source("Server");
  failure.mutable_timeout_failure_info()->set_timeout_type(type);
  *failure.mutable_timeout_failure_info()->mutable_last_heartbeat_details() = activity.heartbeat_details;
  if (activity.last_failure) *failure.mutable_cause() = *activity.last_failure;
  return failure;
}

}  // namespace

void Server::ScheduleActivity(Run& run, const api::command::v1::Command& command) {
  auto& event =
      *Append(run, enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED).mutable_activity_task_scheduled_event_attributes();
  CopyFields(command.schedule_activity_task_command_attributes(), event);
  if (event.task_queue().name().empty()) *event.mutable_task_queue() = run.started.task_queue();
  auto& policy = *event.mutable_retry_policy();
  if (!policy.has_initial_interval()) *policy.mutable_initial_interval() = ToProto(Duration(std::chrono::seconds(1)));
  if (policy.backoff_coefficient() == 0) policy.set_backoff_coefficient(2);
  if (!policy.has_maximum_interval()) {
    *policy.mutable_maximum_interval() = ToProto(FromProto(policy.initial_interval()) * 100);
  }
  Activity& activity = run.activities[run.last_event_id()];
  activity.scheduled_id = run.last_event_id();
  activity.attributes = event;
  activity.first_scheduled = now;
  if (const Duration all = FromProto(event.schedule_to_close_timeout()); all > Duration(0)) {
    At(now + all, [this, run_id = run.run_id, id = activity.scheduled_id] {
      TimeOut(run_id, id, 0, enums::TIMEOUT_TYPE_SCHEDULE_TO_CLOSE);
    });
  }
  Enqueue(run, activity);
}

void Server::Enqueue(Run& run, Activity& activity) {
  activity.state = Activity::State::kScheduled;
  activity.attempt_scheduled = now;
  activity_queues_[activity.attributes.task_queue().name()].tasks.push_back(
      {run.run_id, activity.scheduled_id, activity.attempt, {}});
  if (const Duration wait = FromProto(activity.attributes.schedule_to_start_timeout()); wait > Duration(0)) {
    WatchTimeout(run, activity, enums::TIMEOUT_TYPE_SCHEDULE_TO_START, now + wait);
  }
  changed.notify_all();
}

void Server::WatchTimeout(const Run& run, const Activity& activity, enums::TimeoutType type, Time due) {
  At(due, [this, run_id = run.run_id, id = activity.scheduled_id, attempt = activity.attempt, type] {
    TimeOut(run_id, id, attempt, type);
  });
}

void Server::TimeOut(const std::string& run_id, int64_t scheduled_id, int attempt, enums::TimeoutType type) {
  Run& run = *ByRunId(run_id);
  const auto found = run.activities.find(scheduled_id);
  if (found == run.activities.end()) return;
  Activity& activity = found->second;
  const bool started = activity.state == Activity::State::kStarted;
  if (attempt != 0 && (activity.attempt != attempt || started == (type == enums::TIMEOUT_TYPE_SCHEDULE_TO_START)))
    return;
  if (type == enums::TIMEOUT_TYPE_HEARTBEAT) {
    const Time due = activity.last_heartbeat + FromProto(activity.attributes.heartbeat_timeout());
    if (due > now) return WatchTimeout(run, activity, type, due);
  }
  const Failure failure = TimeoutFailure(activity, type);
  auto state = enums::RETRY_STATE_TIMEOUT;
  if (type == enums::TIMEOUT_TYPE_START_TO_CLOSE || type == enums::TIMEOUT_TYPE_HEARTBEAT) {
    const auto why_not = Retry(run, activity, failure);
    if (!why_not) return;
    state = *why_not;
  }
  End(
      run, scheduled_id,
      [failure, state, scheduled_id](history::HistoryEvent& event, int64_t started_id) {
        auto& attributes = *event.mutable_activity_task_timed_out_event_attributes();
        *attributes.mutable_failure() = failure;
        attributes.set_retry_state(state);
        attributes.set_scheduled_event_id(scheduled_id);
        attributes.set_started_event_id(started_id);
      },
      enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT);
}

std::optional<enums::RetryState> Server::Retry(Run& run, Activity& activity, const Failure& failure) {
  const auto& policy = activity.attributes.retry_policy();
  const auto& application = failure.application_failure_info();
  if (activity.cancel_requested) return enums::RETRY_STATE_CANCEL_REQUESTED;
  if (application.non_retryable() || Names(policy, application.type())) return enums::RETRY_STATE_NON_RETRYABLE_FAILURE;
  if (policy.maximum_attempts() > 0 && activity.attempt >= policy.maximum_attempts()) {
    return enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED;
  }
  const double factor = std::pow(policy.backoff_coefficient(), activity.attempt - 1);
  const double initial = static_cast<double>(FromProto(policy.initial_interval()).count());
  Duration pause = Duration(static_cast<Duration::rep>(
      std::min(initial * factor, static_cast<double>(FromProto(policy.maximum_interval()).count()))));
  if (application.has_next_retry_delay()) pause = FromProto(application.next_retry_delay());
  const Duration all = FromProto(activity.attributes.schedule_to_close_timeout());
  if (all > Duration(0) && now + pause >= activity.first_scheduled + all) return enums::RETRY_STATE_TIMEOUT;
  activity.last_failure = failure;
  activity.state = Activity::State::kBackingOff;
  ++activity.attempt;
  At(now + pause, [this, run_id = run.run_id, id = activity.scheduled_id, attempt = activity.attempt] {
    Run& due = *ByRunId(run_id);
    const auto found = due.activities.find(id);
    if (found != due.activities.end() && found->second.attempt == attempt) Enqueue(due, found->second);
  });
  return std::nullopt;
}

void Server::End(Run& run, int64_t scheduled_id, std::function<void(history::HistoryEvent&, int64_t)> fill,
                 enums::EventType type) {
  const Activity activity = run.activities.at(scheduled_id);
  run.activities.erase(scheduled_id);
  std::erase_if(activity_queues_[activity.attributes.task_queue().name()].tasks,
                [&](const QueuedTask& task) { return task.run_id == run.run_id && task.scheduled_id == scheduled_id; });
  Deliver(run, [this, activity, fill = std::move(fill), type](Run& to) {
    int64_t started_id = 0;
    if (activity.state == Activity::State::kStarted) {
      auto& started =
          *Append(to, enums::EVENT_TYPE_ACTIVITY_TASK_STARTED).mutable_activity_task_started_event_attributes();
      started.set_scheduled_event_id(activity.scheduled_id);
      started.set_identity(activity.identity);
      started.set_attempt(activity.attempt);
      if (activity.last_failure) *started.mutable_last_failure() = *activity.last_failure;
      started_id = to.last_event_id();
    }
    fill(Append(to, type), started_id);
  });
}

void Server::CancelActivity(Run& run, const api::command::v1::Command& command) {
  const int64_t id = command.request_cancel_activity_task_command_attributes().scheduled_event_id();
  auto& requested = *Append(run, enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED)
                         .mutable_activity_task_cancel_requested_event_attributes();
  requested.set_scheduled_event_id(id);
  const int64_t requested_id = run.last_event_id();
  const auto found = run.activities.find(id);
  if (found == run.activities.end()) return;
  found->second.cancel_requested = true;
  if (found->second.state == Activity::State::kStarted) return;  // its next heartbeat tells it
  End(
      run, id,
      [id, requested_id](history::HistoryEvent& event, int64_t) {
        auto& attributes = *event.mutable_activity_task_canceled_event_attributes();
        attributes.set_scheduled_event_id(id);
        attributes.set_latest_cancel_requested_event_id(requested_id);
      },
      enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED);
}

absl::Status Server::PollActivity(const service::PollActivityTaskQueueRequest& request,
                                  service::PollActivityTaskQueueResponse& response, Lock& lock,
                                  const CallOptions& call) {
  const std::string& name = request.task_queue().name();
  Queue& queue = activity_queues_[name];
  const Version version = ToVersion(request.deployment_options());
  deployments_.Polled(version, name, enums::TASK_QUEUE_TYPE_ACTIVITY);
  const auto next = [&] {
    return std::find_if(queue.tasks.begin(), queue.tasks.end(),
                        [&](const QueuedTask& task) { return ActivitiesOf(*ByRunId(task.run_id), name) == version; });
  };
  ++waiting_polls;
  SkipTimeIfIdle();
  changed.notify_all();
  WaitFor(lock, call,
          [&] { return next() != queue.tasks.end() || stopped_workers_.contains(request.worker_instance_key()); });
  --waiting_polls;
  Suggest(response);
  if (call.stop.stop_requested()) return absl::CancelledError("the poll was cancelled");
  const auto found = next();
  if (found == queue.tasks.end() || stopped_workers_.contains(request.worker_instance_key())) return absl::OkStatus();
  const QueuedTask task = std::move(*found);
  queue.tasks.erase(found);
  Run& run = *ByRunId(task.run_id);
  StartActivity(run, run.activities.at(task.scheduled_id), request.identity(), response);
  return absl::OkStatus();
}

void Server::StartActivity(Run& run, Activity& activity, const std::string& identity,
                           service::PollActivityTaskQueueResponse& response) {
  activity.state = Activity::State::kStarted;
  activity.started = activity.last_heartbeat = now;
  activity.identity = identity;
  CopyFields(activity.attributes, response);
  response.set_task_token(Token(run, activity));
  response.set_workflow_namespace("default");
  *response.mutable_workflow_type() = run.started.workflow_type();
  response.mutable_workflow_execution()->set_workflow_id(run.workflow_id);
  response.mutable_workflow_execution()->set_run_id(run.run_id);
  *response.mutable_heartbeat_details() = activity.heartbeat_details;
  *response.mutable_scheduled_time() = ToProto(activity.first_scheduled);
  *response.mutable_current_attempt_scheduled_time() = ToProto(activity.attempt_scheduled);
  *response.mutable_started_time() = ToProto(now);
  response.set_attempt(activity.attempt);
  if (const Duration one = FromProto(activity.attributes.start_to_close_timeout()); one > Duration(0)) {
    WatchTimeout(run, activity, enums::TIMEOUT_TYPE_START_TO_CLOSE, now + one);
  }
  if (const Duration beat = FromProto(activity.attributes.heartbeat_timeout()); beat > Duration(0)) {
    WatchTimeout(run, activity, enums::TIMEOUT_TYPE_HEARTBEAT, now + beat);
  }
}

void Server::StartEagerActivities(Run& run, const service::RespondWorkflowTaskCompletedRequest& request,
                                  service::RespondWorkflowTaskCompletedResponse& response) {
  if (!options.eager_activities) return;
  for (const auto& command : request.commands()) {
    const auto& schedule = command.schedule_activity_task_command_attributes();
    if (!schedule.request_eager_execution()) continue;
    const auto asked = std::find_if(run.activities.begin(), run.activities.end(), [&](const auto& each) {
      return each.second.attributes.activity_id() == schedule.activity_id();
    });
    if (asked == run.activities.end() || asked->second.state != Activity::State::kScheduled) continue;
    const std::string& queue = schedule.task_queue().name();
    if (ActivitiesOf(run, queue) != ToVersion(request.deployment_options())) continue;
    std::erase_if(activity_queues_[asked->second.attributes.task_queue().name()].tasks, [&](const QueuedTask& task) {
      return task.run_id == run.run_id && task.scheduled_id == asked->first;
    });
    StartActivity(run, asked->second, request.identity(), *response.add_activity_tasks());
  }
}

Activity* Server::OfToken(const std::string& token, Run*& run) {
  const std::vector<std::string> parts = absl::StrSplit(token, '|');
  int64_t id = 0;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[2], &id)) return nullptr;
  run = ByRunId(parts[1]);
  const auto found = run == nullptr ? std::map<int64_t, Activity>::iterator() : run->activities.find(id);
  if (run == nullptr || found == run->activities.end()) return nullptr;
  Activity& activity = found->second;
  return activity.state == Activity::State::kStarted && Token(*run, activity) == token ? &activity : nullptr;
}

std::string Server::TokenOf(const api::common::v1::WorkflowExecution& execution, const std::string& activity_id) {
  const Run* run = Find(execution);
  if (run == nullptr) return {};
  for (const auto& [id, activity] : run->activities) {
    if (activity.attributes.activity_id() == activity_id) return Token(*run, activity);
  }
  return {};
}

absl::Status Server::Heartbeat(const service::RecordActivityTaskHeartbeatRequest& request,
                               service::RecordActivityTaskHeartbeatResponse& response, Lock&, const CallOptions&) {
  Run* run = nullptr;
  Activity* activity = OfToken(request.task_token(), run);
  if (activity == nullptr)
    return absl::NotFoundError("invalid activityID or activity already timed out or invoking workflow is completed");
  activity->last_heartbeat = now;
  activity->heartbeat_details = request.details();
  response.set_cancel_requested(activity->cancel_requested);
  return absl::OkStatus();
}

absl::Status Server::ActivityCompleted(const service::RespondActivityTaskCompletedRequest& request,
                                       service::RespondActivityTaskCompletedResponse&, Lock&, const CallOptions&) {
  Run* run = nullptr;
  const Activity* activity = OfToken(request.task_token(), run);
  if (activity == nullptr) return absl::NotFoundError("activity not found");
  const int64_t id = activity->scheduled_id;
  End(
      *run, id,
      [request, id](history::HistoryEvent& event, int64_t started_id) {
        auto& attributes = *event.mutable_activity_task_completed_event_attributes();
        CopyFields(request, attributes);
        attributes.set_scheduled_event_id(id);
        attributes.set_started_event_id(started_id);
      },
      enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED);
  return absl::OkStatus();
}

absl::Status Server::ActivityFailed(const service::RespondActivityTaskFailedRequest& request,
                                    service::RespondActivityTaskFailedResponse&, Lock&, const CallOptions&) {
  Run* run = nullptr;
  Activity* activity = OfToken(request.task_token(), run);
  if (activity == nullptr) return absl::NotFoundError("activity not found");
  if (request.has_last_heartbeat_details()) activity->heartbeat_details = request.last_heartbeat_details();
  const auto why_not = Retry(*run, *activity, request.failure());
  if (!why_not) return absl::OkStatus();
  const int64_t id = activity->scheduled_id;
  End(
      *run, id,
      [request, id, state = *why_not](history::HistoryEvent& event, int64_t started_id) {
        auto& attributes = *event.mutable_activity_task_failed_event_attributes();
        CopyFields(request, attributes);
        attributes.set_retry_state(state);
        attributes.set_scheduled_event_id(id);
        attributes.set_started_event_id(started_id);
      },
      enums::EVENT_TYPE_ACTIVITY_TASK_FAILED);
  return absl::OkStatus();
}

absl::Status Server::ActivityCanceled(const service::RespondActivityTaskCanceledRequest& request,
                                      service::RespondActivityTaskCanceledResponse&, Lock&, const CallOptions&) {
  Run* run = nullptr;
  const Activity* activity = OfToken(request.task_token(), run);
  if (activity == nullptr) return absl::NotFoundError("activity not found");
  if (!activity->cancel_requested) return absl::InvalidArgumentError("the activity's cancellation was not requested");
  const int64_t id = activity->scheduled_id;
  End(
      *run, id,
      [request, id](history::HistoryEvent& event, int64_t started_id) {
        auto& attributes = *event.mutable_activity_task_canceled_event_attributes();
        CopyFields(request, attributes);
        attributes.set_scheduled_event_id(id);
        attributes.set_started_event_id(started_id);
      },
      enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED);
  return absl::OkStatus();
}

}  // namespace temporal::testing::fake
