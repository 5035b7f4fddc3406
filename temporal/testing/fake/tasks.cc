#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "temporal/testing/fake/server.h"

// Workflow tasks: scheduling, polling, completion and failure.
namespace temporal::testing::fake {
namespace {

std::string Token(const Run& run) {
  return absl::StrCat("w|", run.run_id, "|", run.task.scheduled_id, "|", run.task.stamp);
}

bool IsClosing(const api::command::v1::Command& command) {
  return command.has_complete_workflow_execution_command_attributes() ||
         command.has_fail_workflow_execution_command_attributes() ||
         command.has_cancel_workflow_execution_command_attributes() ||
         command.has_continue_as_new_workflow_execution_command_attributes();
}

// Whether something has happened that the worker did not know of, other than the firing of timers that it cancels.
bool HasNews(const Run& run, const service::RespondWorkflowTaskCompletedRequest& request) {
  return std::any_of(run.buffered.begin(), run.buffered.end(), [&request](const BufferedEvent& event) {
    return std::none_of(request.commands().begin(), request.commands().end(), [&event](const auto& command) {
      return event.fired && command.cancel_timer_command_attributes().timer_id() == event.fired->id;
    });
  });
}

}  // namespace

history::HistoryEvent& Server::AppendOfTask(Run& run, enums::EventType type) {
  if (!run.task.speculative) return Append(run, type);
  history::HistoryEvent& event = run.task.unwritten.emplace_back();
  event.set_event_id(run.last_event_id() + static_cast<int64_t>(run.task.unwritten.size()));
  event.set_event_type(type);
  *event.mutable_event_time() = ToProto(now);
  return event;
}

void Server::WriteTask(Run& run) {
  run.task.speculative = false;
  for (history::HistoryEvent& event : std::exchange(run.task.unwritten, {})) run.events.push_back(std::move(event));
}

void Server::ScheduleTask(Run& run, bool speculative) {
  if (!run.open() || run.task.state != WorkflowTask::State::kNone) return;
  run.task.speculative = speculative;
  const bool sticky = StaysSticky(run);
  history::HistoryEvent& event = AppendOfTask(run, enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED);
  auto& attributes = *event.mutable_workflow_task_scheduled_event_attributes();
  run.task.state = WorkflowTask::State::kScheduled;
  run.task.scheduled_id = event.event_id();
  run.task.queue = sticky ? run.sticky_queue : run.started.task_queue().name();
  attributes.mutable_task_queue()->set_name(run.task.queue);
  attributes.mutable_task_queue()->set_kind(sticky ? enums::TASK_QUEUE_KIND_STICKY : enums::TASK_QUEUE_KIND_NORMAL);
  if (sticky) attributes.mutable_task_queue()->set_normal_name(run.started.task_queue().name());
  *attributes.mutable_start_to_close_timeout() = run.started.workflow_task_timeout();
  attributes.set_attempt(run.task.attempt);
  workflow_queues_[run.task.queue].tasks.push_back({run.run_id, run.task.scheduled_id, run.task.attempt, {}});
  if (sticky) WatchSticky(run);
  changed.notify_all();
}

// A worker that has died takes nothing from its queue: the task goes to the others.
void Server::WatchSticky(Run& run) {
  run.task.stamp = next_id_++;
  At(now + run.sticky_timeout, [this, run_id = run.run_id, stamp = run.task.stamp] {
    Run& late = *ByRunId(run_id);
    if (late.task.state != WorkflowTask::State::kScheduled || late.task.stamp != stamp) return;
    if (late.task.queue != late.sticky_queue) return;
    std::erase_if(workflow_queues_[late.task.queue].tasks,
                  [&](const QueuedTask& task) { return task.run_id == run_id && task.query_id.empty(); });
    WriteTask(late);
    auto& timed_out =
        *Append(late, enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT).mutable_workflow_task_timed_out_event_attributes();
    timed_out.set_scheduled_event_id(late.task.scheduled_id);
    timed_out.set_timeout_type(enums::TIMEOUT_TYPE_SCHEDULE_TO_START);
    late.sticky_queue.clear();
    late.task.state = WorkflowTask::State::kNone;
    ScheduleTask(late);
  });
}

void Server::Page(const Run& run, int64_t first, bool of_task, history::History& into, std::string& token) const {
  int64_t end = run.last_event_id() + 1;
  token.clear();
  if (options.page_size > 0 && first + options.page_size < end) {
    end = first + options.page_size;
    token = absl::StrCat(of_task ? "t|" : "h|", run.run_id, "|", end);
  }
  for (int64_t id = first; id < end; ++id) *into.add_events() = run.events[static_cast<size_t>(id) - 1];
  if (of_task && token.empty()) into.mutable_events()->Add(run.task.unwritten.begin(), run.task.unwritten.end());
}

void Server::StartTask(Run& run, const std::string& identity, bool sticky,
                       service::PollWorkflowTaskQueueResponse& response) {
  history::HistoryEvent& event = AppendOfTask(run, enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  auto& attributes = *event.mutable_workflow_task_started_event_attributes();
  attributes.set_scheduled_event_id(run.task.scheduled_id);
  attributes.set_identity(identity);
  attributes.set_suggest_continue_as_new(suggest_from > 0 && run.last_event_id() >= suggest_from);
  const Version pinned = PinnedTo(run);
  attributes.set_target_worker_deployment_version_changed(pinned && pinned != Target(run));
  run.task.state = WorkflowTask::State::kStarted;
  run.task.started_id = event.event_id();
  run.task.stamp = next_id_++;
  response.set_task_token(Token(run));
  response.mutable_workflow_execution()->set_workflow_id(run.workflow_id);
  response.mutable_workflow_execution()->set_run_id(run.run_id);
  *response.mutable_workflow_type() = run.started.workflow_type();
  response.set_previous_started_event_id(run.previous_started_id);
  response.set_started_event_id(run.task.started_id);
  response.set_attempt(run.task.attempt);
  *response.mutable_workflow_execution_task_queue() = run.started.task_queue();
  for (const std::string& id : run.queries) (*response.mutable_queries())[id] = queries_[id].query;
  SendUpdates(run, response);
  Page(run, sticky ? run.previous_started_id + 1 : 1, /*of_task=*/true, *response.mutable_history(),
       *response.mutable_next_page_token());
  At(now + FromProto(run.started.workflow_task_timeout()), [this, token = response.task_token()] {
    Run* late = RunOfToken(token);
    if (late == nullptr) return;
    WriteTask(*late);
    auto& timed_out =
        *Append(*late, enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT).mutable_workflow_task_timed_out_event_attributes();
    timed_out.set_scheduled_event_id(late->task.scheduled_id);
    timed_out.set_started_event_id(late->task.started_id);
    timed_out.set_timeout_type(enums::TIMEOUT_TYPE_START_TO_CLOSE);
    late->sticky_queue.clear();
    late->task.state = WorkflowTask::State::kNone;
    ++late->task.attempt;
    Flush(*late);
    ScheduleTask(*late);
  });
}

Run* Server::RunOfToken(const std::string& token) {
  const std::vector<std::string> parts = absl::StrSplit(token, '|');
  Run* run = parts.size() == 4 ? ByRunId(parts[1]) : nullptr;
  if (run == nullptr || run->task.state != WorkflowTask::State::kStarted || Token(*run) != token) return nullptr;
  return run;
}

absl::Status Server::PollWorkflowTask(const service::PollWorkflowTaskQueueRequest& request,
                                      service::PollWorkflowTaskQueueResponse& response, Lock& lock,
                                      const CallOptions& call) {
  const bool sticky = request.task_queue().kind() == enums::TASK_QUEUE_KIND_STICKY;
  Queue& queue = workflow_queues_[request.task_queue().name()];
  const Version version = ToVersion(request.deployment_options());
  if (!sticky) deployments_.Polled(version, request.task_queue().name(), enums::TASK_QUEUE_TYPE_WORKFLOW);
  const auto next = [&] {
    return std::find_if(queue.tasks.begin(), queue.tasks.end(), [&](const QueuedTask& task) {
      return sticky || WorkflowTasksOf(*ByRunId(task.run_id)) == version;
    });
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
  if (task.query_id.empty()) {
    StartTask(run, request.identity(), sticky, response);
    return absl::OkStatus();
  }
  response.set_task_token(absl::StrCat("q|", task.query_id));
  response.mutable_workflow_execution()->set_workflow_id(run.workflow_id);
  response.mutable_workflow_execution()->set_run_id(run.run_id);
  *response.mutable_workflow_type() = run.started.workflow_type();
  response.set_previous_started_event_id(run.previous_started_id);
  *response.mutable_workflow_execution_task_queue() = run.started.task_queue();
  *response.mutable_query() = queries_[task.query_id].query;
  response.mutable_history();
  if (!sticky) Page(run, 1, /*of_task=*/false, *response.mutable_history(), *response.mutable_next_page_token());
  return absl::OkStatus();
}

absl::Status Server::CompleteTask(const service::RespondWorkflowTaskCompletedRequest& request,
                                  service::RespondWorkflowTaskCompletedResponse& response, Lock&, const CallOptions&) {
  Run* run = RunOfToken(request.task_token());
  if (run == nullptr) return absl::NotFoundError("Workflow task not found.");
  const bool versioned = ToVersion(request.deployment_options()).has_value();
  if (versioned != (request.versioning_behavior() != enums::VERSIONING_BEHAVIOR_UNSPECIFIED)) {
    return absl::InvalidArgumentError("a versioning behavior comes with a versioned worker, and only with one");
  }
  const bool closing = std::any_of(request.commands().begin(), request.commands().end(), IsClosing);
  if (closing && HasNews(*run, request)) {
    FailTask(*run, enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, Failure(), request.identity());
    return absl::InvalidArgumentError("UnhandledCommand");
  }
  if (run->task.speculative && request.commands().empty() && run->buffered.empty() &&
      request.capabilities().discard_speculative_workflow_task_with_events()) {
    response.set_reset_history_event_id(run->previous_started_id);
  } else {
    WriteTask(*run);
    auto& completed =
        *Append(*run, enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED).mutable_workflow_task_completed_event_attributes();
    completed.set_scheduled_event_id(run->task.scheduled_id);
    completed.set_started_event_id(run->task.started_id);
    completed.set_identity(request.identity());
    if (request.has_sdk_metadata()) *completed.mutable_sdk_metadata() = request.sdk_metadata();
    RecordVersion(*run, request, completed);
    run->previous_started_id = run->task.started_id;
  }
  run->sticky_queue = request.sticky_attributes().worker_task_queue().name();
  run->sticky_timeout = FromProto(request.sticky_attributes().schedule_to_start_timeout());
  run->task = WorkflowTask();
  for (const auto& [id, result] : request.query_results()) {
    std::erase(run->queries, id);
    Answer(id, result);
  }
  // Commands may lead to events of this run at once (a child that cannot start): they count as buffered.
  run->task.state = WorkflowTask::State::kStarted;
  std::map<std::string, const api::protocol::v1::Message*> messages;
  for (const auto& message : request.messages()) messages[message.id()] = &message;
  for (const auto& command : request.commands()) {
    if (!run->open()) continue;
    if (const auto message = messages.extract(command.protocol_message_command_attributes().message_id())) {
      ApplyMessage(*run, *message.mapped());
    } else {
      Apply(*run, command);
    }
  }
  for (const auto& [id, message] : messages) ApplyMessage(*run, *message);
  RejectUnanswered(*run);
  if (!run->open()) return absl::OkStatus();
  StartEagerActivities(*run, request, response);
  run->task.state = WorkflowTask::State::kNone;
  Flush(*run);
  const bool more_updates = std::any_of(run->updates.begin(), run->updates.end(),
                                        [](const Update& update) { return update.state == Update::State::kAdmitted; });
  if (more_updates) ScheduleTask(*run, /*speculative=*/true);
  if (request.force_create_new_workflow_task()) ScheduleTask(*run);
  if (run->task.state == WorkflowTask::State::kNone) {
    for (const std::string& id : std::exchange(run->queries, {})) {
      workflow_queues_[run->started.task_queue().name()].tasks.push_back({run->run_id, 0, 1, id});
    }
  } else if (request.return_new_workflow_task() && WorkflowTasksOf(*run) == ToVersion(request.deployment_options())) {
    std::erase_if(workflow_queues_[run->task.queue].tasks,
                  [&](const QueuedTask& task) { return task.run_id == run->run_id && task.query_id.empty(); });
    StartTask(*run, request.identity(), !run->sticky_queue.empty(), *response.mutable_workflow_task());
  }
  return absl::OkStatus();
}

void Server::FailTask(Run& run, enums::WorkflowTaskFailedCause cause, const Failure& failure,
                      const std::string& identity) {
  WriteTask(run);
  auto& attributes =
      *Append(run, enums::EVENT_TYPE_WORKFLOW_TASK_FAILED).mutable_workflow_task_failed_event_attributes();
  attributes.set_scheduled_event_id(run.task.scheduled_id);
  attributes.set_started_event_id(run.task.started_id);
  attributes.set_cause(cause);
  *attributes.mutable_failure() = failure;
  attributes.set_identity(identity);
  run.sticky_queue.clear();
  run.task.state = WorkflowTask::State::kNone;
  if (cause != enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND) ++run.task.attempt;
  Flush(run);
  ScheduleTask(run);
}

absl::Status Server::RespondTaskFailed(const service::RespondWorkflowTaskFailedRequest& request,
                                       service::RespondWorkflowTaskFailedResponse&, Lock&, const CallOptions&) {
  Run* run = RunOfToken(request.task_token());
  if (run == nullptr) return absl::NotFoundError("Workflow task not found.");
  FailTask(*run, request.cause(), request.failure(), request.identity());
  return absl::OkStatus();
}

}  // namespace temporal::testing::fake
