#include "absl/strings/str_cat.h"
#include "temporal/common/versioning_proto.h"
#include "temporal/testing/fake/server.h"

// The life of executions: start, signals, cancellation, end.
namespace temporal::testing::fake {

Run& Server::NewRun(const std::string& workflow_id, StartedAttributes attributes, const std::string& request_id) {
  const std::string run_id = absl::StrCat("run-", next_id_++);
  Run& run = runs_[run_id];
  run.workflow_id = workflow_id;
  run.run_id = run_id;
  run.request_id = request_id;
  run.start_time = now;
  attributes.set_workflow_id(workflow_id);
  attributes.set_original_execution_run_id(run_id);
  if (attributes.first_execution_run_id().empty()) attributes.set_first_execution_run_id(run_id);
  attributes.set_attempt(1);
  if (!attributes.has_workflow_task_timeout()) {
    *attributes.mutable_workflow_task_timeout() = ToProto(Duration(std::chrono::seconds(10)));
  }
  run.started = attributes;
  if (attributes.has_versioning_override()) run.versioning_override = attributes.versioning_override();
  if (attributes.has_inherited_pinned_version()) {
    run.behavior = enums::VERSIONING_BEHAVIOR_PINNED;
    run.version = FromProto(attributes.inherited_pinned_version());
  }
  by_workflow_[workflow_id].push_back(run_id);
  *Append(run, enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED).mutable_workflow_execution_started_event_attributes() =
      std::move(attributes);
  const Duration timeout = FromProto(run.started.workflow_run_timeout());
  if (timeout > Duration(0)) {
    At(now + timeout, [this, run_id] {
      Run& late = *ByRunId(run_id);
      if (!late.open()) return;
      Append(late, enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
          .mutable_workflow_execution_timed_out_event_attributes()
          ->set_retry_state(enums::RETRY_STATE_RETRY_POLICY_NOT_SET);
      Close(late, enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT);
    });
  }
  ScheduleTask(run);
  return run;
}

history::HistoryEvent& Server::Append(Run& run, enums::EventType type) {
  history::HistoryEvent& event = run.events.emplace_back();
  event.set_event_id(run.last_event_id());
  event.set_event_type(type);
  *event.mutable_event_time() = ToProto(now);
  return event;
}

void Server::Deliver(Run& run, std::function<void(Run&)> append, std::optional<Timer> fired) {
  if (!run.open()) return;
  if (run.task.state == WorkflowTask::State::kStarted) {
    run.buffered.push_back({std::move(append), std::move(fired)});
    return;
  }
  WriteTask(run);
  append(run);
  ScheduleTask(run);
}

void Server::Flush(Run& run) {
  const auto buffered = std::exchange(run.buffered, {});
  for (const BufferedEvent& event : buffered) event.append(run);
  if (!buffered.empty()) ScheduleTask(run);
}

void Server::Close(Run& run, enums::WorkflowExecutionStatus status) {
  run.status = status;
  run.close_time = now;
  run.task = WorkflowTask();
  run.buffered.clear();
  run.activities.clear();
  run.timers.clear();
  AbortUpdates(run);
  for (auto* queues : {&workflow_queues_, &activity_queues_}) {
    for (auto& [name, queue] : *queues) {
      std::erase_if(queue.tasks,
                    [&](const QueuedTask& task) { return task.run_id == run.run_id && task.query_id.empty(); });
    }
  }
  for (const std::string& id : run.queries)
    workflow_queues_[run.started.task_queue().name()].tasks.push_back({run.run_id, 0, 1, id});
  run.queries.clear();
  TellParent(run);
  for (const auto& [initiated, child_id] : std::exchange(run.children, {})) {
    Run* child = ByRunId(child_id);
    const auto& attributes =
        run.events[static_cast<size_t>(initiated) - 1].start_child_workflow_execution_initiated_event_attributes();
    if (child == nullptr || !child->open() || status == enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW) continue;
    if (attributes.parent_close_policy() == enums::PARENT_CLOSE_POLICY_REQUEST_CANCEL) {
      RequestCancel(*child, "by parent close policy", "history-service");
    } else if (attributes.parent_close_policy() != enums::PARENT_CLOSE_POLICY_ABANDON) {
      Terminate(*child, "by parent close policy", "history-service");
    }
  }
}

void Server::TellParent(Run& run) {
  Run* parent = run.started.parent_workflow_execution().run_id().empty()
                    ? nullptr
                    : ByRunId(run.started.parent_workflow_execution().run_id());
  const int64_t initiated = run.started.parent_initiated_event_id();
  if (parent == nullptr || !parent->open() || !parent->children.contains(initiated)) return;
  if (run.status == enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW) {
    parent->children[initiated] = by_workflow_[run.workflow_id].back();
    return;
  }
  parent->children.erase(initiated);
  const history::HistoryEvent last = run.events.back();
  Deliver(*parent, [this, initiated, last, id = run.workflow_id, run_id = run.run_id,
                    type = run.started.workflow_type()](Run& to) {
    const auto fill = [&](auto& attributes) {
      attributes.set_namespace_("default");
      attributes.mutable_workflow_execution()->set_workflow_id(id);
      attributes.mutable_workflow_execution()->set_run_id(run_id);
      *attributes.mutable_workflow_type() = type;
      attributes.set_initiated_event_id(initiated);
      attributes.set_started_event_id(to.child_started[initiated]);
    };
    switch (last.event_type()) {
      case enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: {
        auto& attributes = *Append(to, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED)
                                .mutable_child_workflow_execution_completed_event_attributes();
        fill(attributes);
        *attributes.mutable_result() = last.workflow_execution_completed_event_attributes().result();
        break;
      }
      case enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: {
        auto& attributes = *Append(to, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED)
                                .mutable_child_workflow_execution_failed_event_attributes();
        fill(attributes);
        *attributes.mutable_failure() = last.workflow_execution_failed_event_attributes().failure();
        attributes.set_retry_state(enums::RETRY_STATE_RETRY_POLICY_NOT_SET);
        break;
      }
      case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
        fill(*Append(to, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED)
                  .mutable_child_workflow_execution_canceled_event_attributes());
        break;
      case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
        fill(*Append(to, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT)
                  .mutable_child_workflow_execution_timed_out_event_attributes());
        break;
      default:
        fill(*Append(to, enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED)
                  .mutable_child_workflow_execution_terminated_event_attributes());
    }
  });
}

void Server::RequestCancel(Run& run, const std::string& reason, const std::string& identity) {
  if (!run.open() || std::exchange(run.cancel_requested, true)) return;
  Deliver(run, [this, reason, identity](Run& to) {
    auto& attributes = *Append(to, enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
                            .mutable_workflow_execution_cancel_requested_event_attributes();
    attributes.set_cause(reason);
    attributes.set_identity(identity);
  });
}

void Server::Terminate(Run& run, const std::string& reason, const std::string& identity) {
  auto& attributes = *Append(run, enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED)
                          .mutable_workflow_execution_terminated_event_attributes();
  attributes.set_reason(reason);
  attributes.set_identity(identity);
  Close(run, enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
}

void Server::SignalRun(Run& run, history::WorkflowExecutionSignaledEventAttributes attributes,
                       const std::string& request_id) {
  if (!request_id.empty() && !run.signal_requests.insert(request_id).second) return;
  Deliver(run, [this, attributes = std::move(attributes)](Run& to) {
    *Append(to, enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED).mutable_workflow_execution_signaled_event_attributes() =
        attributes;
  });
}

template <class Request>
absl::StatusOr<Run*> Server::StartOrUse(const Request& request, bool& started) {
  Run* existing = Newest(request.workflow_id());
  started = false;
  if (existing != nullptr && existing->request_id == request.request_id()) return existing;
  if (existing != nullptr && existing->open()) {
    if (request.workflow_id_conflict_policy() == enums::WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING) return existing;
    if (request.workflow_id_conflict_policy() != enums::WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING) {
      return absl::AlreadyExistsError("Workflow execution is already running");
    }
    Terminate(*existing, "by id conflict policy", "history-service");
  } else if (existing != nullptr) {
    const bool failed = existing->status != enums::WORKFLOW_EXECUTION_STATUS_COMPLETED;
    const auto reuse = request.workflow_id_reuse_policy();
    if (reuse == enums::WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE ||
        (reuse == enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY && !failed)) {
      return absl::AlreadyExistsError("Workflow execution already finished");
    }
  }
  if (absl::Status status = CheckOverride(request.versioning_override()); !status.ok()) return status;
  StartedAttributes attributes;
  CopyFields(request, attributes);
  started = true;
  return &NewRun(request.workflow_id(), std::move(attributes), request.request_id());
}

absl::Status Server::StartWorkflow(const service::StartWorkflowExecutionRequest& request,
                                   service::StartWorkflowExecutionResponse& response, Lock&, const CallOptions&) {
  bool started = false;
  const auto run = StartOrUse(request, started);
  if (!run.ok()) return run.status();
  response.set_run_id((*run)->run_id);
  response.set_started(started);
  const bool may_run_there = WorkflowTasksOf(**run) == ToVersion(request.eager_worker_deployment_options());
  if (started && request.request_eager_execution() && options.eager_workflow_start && may_run_there) {
    std::erase_if(workflow_queues_[(*run)->task.queue].tasks,
                  [&](const QueuedTask& task) { return task.run_id == (*run)->run_id; });
    StartTask(**run, request.identity(), /*sticky=*/false, *response.mutable_eager_workflow_task());
  }
  return absl::OkStatus();
}

absl::Status Server::SignalWithStart(const service::SignalWithStartWorkflowExecutionRequest& request,
                                     service::SignalWithStartWorkflowExecutionResponse& response, Lock&,
                                     const CallOptions&) {
  bool started = false;
  const auto run = StartOrUse(request, started);
  if (!run.ok()) return run.status();
  history::WorkflowExecutionSignaledEventAttributes attributes;
  attributes.set_signal_name(request.signal_name());
  *attributes.mutable_input() = request.signal_input();
  if (request.has_header()) *attributes.mutable_header() = request.header();
  attributes.set_identity(request.identity());
  SignalRun(**run, std::move(attributes), request.request_id());
  response.set_run_id((*run)->run_id);
  response.set_started(started);
  return absl::OkStatus();
}

absl::Status Server::SignalWorkflow(const service::SignalWorkflowExecutionRequest& request,
                                    service::SignalWorkflowExecutionResponse&, Lock&, const CallOptions&) {
  Run* run = Find(request.workflow_execution());
  if (run == nullptr || !run->open()) return NoSuchExecution("workflow execution already completed");
  history::WorkflowExecutionSignaledEventAttributes attributes;
  CopyFields(request, attributes);
  SignalRun(*run, std::move(attributes), request.request_id());
  return absl::OkStatus();
}

absl::Status Server::CancelWorkflow(const service::RequestCancelWorkflowExecutionRequest& request,
                                    service::RequestCancelWorkflowExecutionResponse&, Lock&, const CallOptions&) {
  Run* run = Find(request.workflow_execution());
  if (run == nullptr || !run->open()) return NoSuchExecution("workflow execution already completed");
  RequestCancel(*run, request.reason(), request.identity());
  return absl::OkStatus();
}

absl::Status Server::TerminateWorkflow(const service::TerminateWorkflowExecutionRequest& request,
                                       service::TerminateWorkflowExecutionResponse&, Lock&, const CallOptions&) {
  Run* run = Find(request.workflow_execution());
  if (run == nullptr || !run->open()) return NoSuchExecution("workflow execution already completed");
  Terminate(*run, request.reason(), request.identity());
  return absl::OkStatus();
}

}  // namespace temporal::testing::fake
