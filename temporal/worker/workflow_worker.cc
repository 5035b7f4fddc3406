#include "temporal/worker/workflow_worker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "temporal/converter/codec.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/worker/activity_worker.h"

namespace temporal::worker {

namespace service = api::workflowservice::v1;

namespace {

constexpr int kMaxEager = 3;  // per task, as other SDKs: the rest is for the other workers of the queue

core::WorkflowTaskHandlerOptions HandlerOptions(const Shared& shared, core::LocalActivityHost& locals) {
  core::WorkflowTaskHandlerOptions options;
  options.namespace_name = shared.name_space;
  options.task_queue = shared.options.task_queue;
  options.identity = shared.identity;
  options.build_id = shared.options.build_id;
  options.sticky_task_queue = shared.sticky_task_queue;
  options.sticky_schedule_to_start = shared.options.sticky_schedule_to_start;
  options.max_cached_runs = static_cast<size_t>(std::max(0, shared.options.sticky_cache_size));
  options.observer = &shared.observer();
  options.local_activities = &locals;
  return options;
}

}  // namespace

WorkflowWorker::WorkflowWorker(std::shared_ptr<const Shared> shared, const WorkflowRegistry& registry,
                               const ActivityRegistry& local, ActivityWorker* activities)
    : shared_(std::move(shared)),
      activities_(activities),
      locals_(shared_, local),
      handler_(HandlerOptions(*shared_, locals_), registry, *this),
      slots_(std::max(2, shared_->options.max_concurrent_workflow_tasks)),
      executor_(std::max(2, shared_->options.max_concurrent_workflow_tasks)),
      normal_("workflow poller", slots_, shared_->observer()),
      sticky_("sticky workflow poller", slots_, shared_->observer()) {}

WorkflowWorker::~WorkflowWorker() { Finish(std::chrono::steady_clock::now()); }

void WorkflowWorker::Start() {
  const int all = std::max(1, shared_->options.workflow_pollers);
  const int sticky = shared_->sticky_task_queue.empty() ? 0 : std::max(1, all / 2);
  normal_.Start(std::max(1, all - sticky), [this] { return Poll(false); });
  sticky_.Start(sticky, [this] { return Poll(true); });
}

void WorkflowWorker::StopPolling() {
  normal_.Stop();
  sticky_.Stop();
}

void WorkflowWorker::JoinPolling() {
  normal_.Join();
  sticky_.Join();
}

void WorkflowWorker::Finish(std::chrono::steady_clock::time_point deadline) {
  JoinPolling();
  if (executor_.WaitIdle(std::max(Duration(0), Duration(deadline - std::chrono::steady_clock::now())))) return;
  locals_.Stop();
  executor_.WaitIdle();
}

absl::StatusOr<bool> WorkflowWorker::Poll(bool sticky) {
  service::PollWorkflowTaskQueueRequest request;
  request.set_namespace_(shared_->name_space);
  request.set_identity(shared_->identity);
  request.set_worker_instance_key(shared_->instance_key);
  auto& queue = *request.mutable_task_queue();
  if (sticky) {
    queue.set_name(shared_->sticky_task_queue);
    queue.set_kind(api::enums::v1::TASK_QUEUE_KIND_STICKY);
    queue.set_normal_name(shared_->options.task_queue);
  } else {
    queue.set_name(shared_->options.task_queue);
    queue.set_kind(api::enums::v1::TASK_QUEUE_KIND_NORMAL);
  }
  const auto received = std::make_shared<Received>();
  received->decoded =
      shared_->transport->Call("PollWorkflowTaskQueue", request, received->task, shared_->PollOptions());
  if (!received->decoded.ok() && FailedCodecStep(received->decoded) != CodecStep::kDecode) return received->decoded;
  if (received->task.task_token().empty()) {
    shared_->observer().Count("temporal_workflow_task_queue_poll_empty", {}, 1);
    return false;
  }
  shared_->observer().Count("temporal_workflow_task_queue_poll_succeed", {}, 1);
  executor_.Run([this, received] {
    Work(std::move(*received));
    slots_.Release();
  });
  return true;
}

absl::StatusOr<service::GetWorkflowExecutionHistoryResponse> WorkflowWorker::Fetch(
    const service::GetWorkflowExecutionHistoryRequest& request) {
  service::GetWorkflowExecutionHistoryRequest full = request;
  full.set_namespace_(shared_->name_space);
  return Invoke<service::GetWorkflowExecutionHistoryResponse>(*shared_->transport, "GetWorkflowExecutionHistory", full);
}

void WorkflowWorker::Work(Received next) {
  while (!next.task.task_token().empty()) {
    Task& task = next.task;
    const TaskFacts facts{task.workflow_execution().run_id(), task.started_event_id(), task.attempt()};
    const std::string type = task.workflow_type().name();
    const auto started = std::chrono::steady_clock::now();
    absl::StatusOr<core::WorkflowTaskReply> reply =
        next.decoded.ok() ? handler_.Handle(std::move(task)) : handler_.Refuse(task, next.decoded);
    shared_->observer().Latency("temporal_workflow_task_execution_latency", {{"workflow_type", type}},
                                std::chrono::steady_clock::now() - started);
    if (!reply.ok()) {
      shared_->observer().Log(LogLevel::kWarning,
                              absl::StrCat("workflow task of run ", facts.run_id, ": ", reply.status().ToString()));
      return;  // the server hands it out again when its time is over
    }
    next = Reply(facts, *std::move(reply));
  }
}

WorkflowWorker::Received WorkflowWorker::Reply(const TaskFacts& task, core::WorkflowTaskReply reply) {
  if (auto* completed = std::get_if<service::RespondWorkflowTaskCompletedRequest>(&reply)) {
    return Completed(task, *completed);
  }
  if (const auto* failed = std::get_if<service::RespondWorkflowTaskFailedRequest>(&reply)) {
    shared_->observer().Count("temporal_workflow_task_execution_failed", {}, 1);
    shared_->observer().Log(LogLevel::kWarning, absl::StrCat("workflow task of run ", task.run_id,
                                                             " failed: ", failed->failure().message()));
    Invoke<service::RespondWorkflowTaskFailedResponse>(*shared_->transport, "RespondWorkflowTaskFailed", *failed)
        .IgnoreError();  // it times out then
  } else if (auto* query = std::get_if<service::RespondQueryTaskCompletedRequest>(&reply)) {
    AnswerQuery(*query);
  }
  return {};
}

void WorkflowWorker::AnswerQuery(service::RespondQueryTaskCompletedRequest& request) {
  const auto send = [&] {
    return Invoke<service::RespondQueryTaskCompletedResponse>(*shared_->transport, "RespondQueryTaskCompleted", request)
        .status();
  };
  const absl::Status status = send();
  if (!IsTooLarge(status) && FailedCodecStep(status) != CodecStep::kEncode) return;  // else the asker asks again
  request.clear_query_result();
  request.set_completed_type(api::enums::v1::QUERY_RESULT_TYPE_FAILED);
  request.set_error_message(std::string(status.message()));
  request.mutable_failure()->set_message(request.error_message());
  request.mutable_failure()->mutable_application_failure_info();
  send().IgnoreError();
}

WorkflowWorker::Received WorkflowWorker::Completed(const TaskFacts& task,
                                                   service::RespondWorkflowTaskCompletedRequest& request) {
  int reserved = RequestEager(request);
  service::RespondWorkflowTaskCompletedResponse answer;
  const absl::Status status = shared_->transport->Call("RespondWorkflowTaskCompleted", request, answer, CallOptions());
  const bool answered = status.ok() || FailedCodecStep(status) == CodecStep::kDecode;
  if (answered) {
    for (auto& activity : *answer.mutable_activity_tasks()) {
      activities_->Dispatch(std::move(activity), status);
      --reserved;
    }
  }
  for (; reserved > 0; --reserved) activities_->ReleaseEager();
  if (!answered) {
    // What the run believes is no longer what the server knows. NotFound and UnhandledCommand (InvalidArgument: new
    // events came in) are everyday.
    handler_.Evict(task.run_id);
    if (IsTooLarge(status) || FailedCodecStep(status) == CodecStep::kEncode) {
      FailUnsendable(task, request.task_token(), status);
    }
    const bool everyday =
        status.code() == absl::StatusCode::kNotFound || status.code() == absl::StatusCode::kInvalidArgument;
    shared_->observer().Log(everyday ? LogLevel::kInfo : LogLevel::kWarning,
                            absl::StrCat("reply for run ", task.run_id, ": ", status.ToString()));
    return {};
  }
  if (answer.reset_history_event_id() > 0) {
    handler_.Rewind(task.run_id, task.started_event_id, answer.reset_history_event_id());
  }
  if (request.force_create_new_workflow_task() && !answer.has_workflow_task()) handler_.Unhold(task.run_id);
  return {std::move(*answer.mutable_workflow_task()), status};
}

void WorkflowWorker::FailUnsendable(const TaskFacts& task, const std::string& task_token, const absl::Status& why) {
  if (task.attempt > 1) return;
  service::RespondWorkflowTaskFailedRequest request;
  request.set_namespace_(shared_->name_space);
  request.set_identity(shared_->identity);
  request.set_task_token(task_token);
  request.set_cause(IsTooLarge(why) ? api::enums::v1::WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE
                                    : api::enums::v1::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  *request.mutable_failure() =
      IsTooLarge(why)
          ? ToFailure(absl::OutOfRangeError("the commands of the workflow task are too large for one message"))
          : ToFailure(why);
  Invoke<service::RespondWorkflowTaskFailedResponse>(*shared_->transport, "RespondWorkflowTaskFailed", request)
      .IgnoreError();
}

int WorkflowWorker::RequestEager(service::RespondWorkflowTaskCompletedRequest& request) {
  int reserved = 0;
  if (activities_ == nullptr) return reserved;
  for (auto& command : *request.mutable_commands()) {
    if (!command.has_schedule_activity_task_command_attributes()) continue;
    auto& schedule = *command.mutable_schedule_activity_task_command_attributes();
    const bool eager = reserved < kMaxEager && schedule.task_queue().name() == shared_->options.task_queue &&
                       activities_->ReserveEager();
    schedule.set_request_eager_execution(eager);
    reserved += eager;
  }
  return reserved;
}

}  // namespace temporal::worker
