#include "temporal/worker/workflow_worker.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "temporal/common/proto.h"
#include "temporal/converter/codec.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/worker/activity_worker.h"

namespace temporal::worker {

namespace service = api::workflowservice::v1;

namespace {

constexpr char kWorkerType[] = "WorkflowWorker";
constexpr int kMaxEager = 3;  // per task, as other SDKs: the rest is for the other workers of the queue

std::shared_ptr<SlotSupplier> SupplierOf(const WorkerOptions& options) {
  if (options.workflow_slots != nullptr) return options.workflow_slots;
  return std::make_shared<FixedSlotSupplier>(std::max(2, options.max_concurrent_workflow_tasks));
}

core::WorkflowTaskHandlerOptions HandlerOptions(const Shared& shared, core::LocalActivityHost& locals) {
  core::WorkflowTaskHandlerOptions options;
  options.namespace_name = shared.name_space;
  options.task_queue = shared.options.task_queue;
  options.identity = shared.identity;
  options.build_id = shared.options.build_id;
  options.deployment = shared.options.deployment;
  options.sticky_task_queue = shared.sticky_task_queue;
  options.sticky_schedule_to_start = shared.options.sticky_schedule_to_start;
  options.max_cached_runs = static_cast<size_t>(std::max(0, shared.options.sticky_cache_size));
  options.observer = &shared.observer();
  options.local_activities = &locals;
  options.interceptors = shared.options.workflow_interceptors;
  return options;
}

}  // namespace

// Outlives the worker in the hands of a client's call; after Join no such call touches the worker.
class EagerStarts : public EagerWorker {
 public:
  explicit EagerStarts(WorkflowWorker& worker) : worker_(worker), deployment_(worker.shared_->options.deployment) {}

  const WorkerDeploymentOptions& deployment() const override { return deployment_; }
  bool TryReserve() override {
    const std::lock_guard lock(mutex_);
    if (stopped_ || !worker_.slots_.TryAcquire()) return false;
    ++reserved_;
    return true;
  }
  void Run(WorkflowWorker::Task task) override {
    const std::lock_guard lock(mutex_);
    worker_.Dispatch({std::move(task), absl::OkStatus()});
    Done();
  }
  void Release() override {
    const std::lock_guard lock(mutex_);
    worker_.slots_.ReleaseUnused();
    Done();
  }

  // Takes no more.
  void Stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  // Waits for the starts under way.
  void Join() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return reserved_ == 0; });
  }

 private:
  void Done() {
    --reserved_;
    done_.notify_all();
  }

  WorkflowWorker& worker_;
  const WorkerDeploymentOptions deployment_;
  std::mutex mutex_;
  std::condition_variable done_;
  int reserved_ = 0;
  bool stopped_ = false;
};

WorkflowWorker::WorkflowWorker(std::shared_ptr<const Shared> shared, const WorkflowRegistry& registry,
                               const ActivityRegistry& local, ActivityWorker* activities,
                               std::shared_ptr<EagerWorkflowDispatcher> dispatcher)
    : shared_(std::move(shared)),
      registry_(registry),
      local_registry_(local),
      activities_(activities),
      locals_(shared_, local_registry_),
      handler_(HandlerOptions(*shared_, locals_), registry_, *this),
      slots_(SupplierOf(shared_->options), SlotKind::kWorkflow, kWorkerType, *shared_),
      executor_(slots_.max(kMostThreads)),
      normal_("workflow_task", kWorkerType, slots_, *shared_),
      sticky_("workflow_sticky_task", kWorkerType, slots_, *shared_),
      dispatcher_(std::move(dispatcher)),
      eager_starts_(std::make_shared<EagerStarts>(*this)),
      deadlocks_(std::make_shared<DeadlockDetector>(
          shared_->timers, DeadlockLimit(shared_->options.deadlock_detection_timeout),
          [this](const Task& task, std::string message) { OnDeadlock(task, std::move(message)); })) {}

WorkflowWorker::~WorkflowWorker() {
  StopPolling();
  Finish(std::chrono::steady_clock::now());
}

void WorkflowWorker::Start() {
  shared_->Count(metrics::kWorkerStart, "worker_type", kWorkerType);
  const bool cached = !shared_->sticky_task_queue.empty();
  // The last slot is for the other queue: idle polls of one must not keep the other from being polled.
  const int most = std::max(1, slots_.max(kMostThreads) - 1);
  const auto poll_normal = [this] { return Poll(false); };
  const auto poll_sticky = [this] { return Poll(true); };
  if (auto scaling = shared_->options.workflow_poller_autoscaling) {
    scaling->maximum = std::min(scaling->maximum, most);
    normal_.Start(*scaling, poll_normal);
    if (cached) sticky_.Start(*scaling, poll_sticky);
  } else {
    const int all = std::max(1, shared_->options.workflow_pollers);
    const int sticky = cached ? std::max(1, all / 2) : 0;
    normal_.Start(std::clamp(all - sticky, 1, most), poll_normal);
    sticky_.Start(std::min(sticky, most), poll_sticky);
  }
  if (shared_->eager_workflow_start) dispatcher_->Register(shared_->options.task_queue, eager_starts_);
}

void WorkflowWorker::StopPolling() {
  normal_.Stop();
  sticky_.Stop();
  dispatcher_->Deregister(shared_->options.task_queue, eager_starts_.get());
  eager_starts_->Stop();
}

void WorkflowWorker::JoinPolling() {
  normal_.Join();
  sticky_.Join();
  eager_starts_->Join();
}

bool WorkflowWorker::Finish(std::chrono::steady_clock::time_point deadline) {
  JoinPolling();
  if (!executor_.WaitIdle(std::max(Duration(0), Duration(deadline - std::chrono::steady_clock::now())))) {
    locals_.Stop();
  }
  return executor_.WaitIdle();
}

absl::StatusOr<PollResult> WorkflowWorker::Poll(bool sticky) {
  service::PollWorkflowTaskQueueRequest request;
  shared_->Sign(request);
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
  Received received;
  received.decoded = shared_->transport->Call("PollWorkflowTaskQueue", request, received.task, shared_->PollOptions());
  if (!received.decoded.ok() && FailedCodecStep(received.decoded) != CodecStep::kDecode) return received.decoded;
  const Task& task = received.task;
  PollResult result;
  if (task.has_poller_scaling_decision()) {
    result.suggestion = task.poller_scaling_decision().poll_request_delta_suggestion();
  }
  result.task = !task.task_token().empty();
  if (!result.task) {
    shared_->observer().Count(metrics::kWorkflowTaskQueuePollEmpty,
                              {{"namespace", shared_->name_space}, {"task_queue", shared_->options.task_queue}}, 1);
    return result;
  }
  const std::string& type = task.workflow_type().name();
  shared_->Count(metrics::kWorkflowTaskQueuePollSucceed, "workflow_type", type);
  shared_->Latency(metrics::kWorkflowTaskScheduleToStartLatency, "workflow_type", type,
                   FromProto(task.started_time()) - FromProto(task.scheduled_time()));
  Dispatch(std::move(received));
  return result;
}

void WorkflowWorker::Dispatch(Received received) {
  slots_.Use();
  executor_.Run([this, received = std::make_shared<Received>(std::move(received))] {
    if (Work(std::move(*received))) slots_.Release();
  });
}

absl::StatusOr<service::GetWorkflowExecutionHistoryResponse> WorkflowWorker::Fetch(
    const service::GetWorkflowExecutionHistoryRequest& request) {
  service::GetWorkflowExecutionHistoryRequest full = request;
  full.set_namespace_(shared_->name_space);
  return Invoke<service::GetWorkflowExecutionHistoryResponse>(*shared_->transport, "GetWorkflowExecutionHistory", full);
}

bool WorkflowWorker::Work(Received next) {
  while (!next.task.task_token().empty()) {
    Task& task = next.task;
    const TaskFacts facts{task.workflow_execution().run_id(), task.started_event_id(), task.attempt()};
    // Another attempt would cost another thread; the server gives it to whoever asks when its time is over.
    if (deadlocks_->Stuck(facts.run_id)) return true;
    DeadlockDetector::Watch watch(*deadlocks_, task);
    const std::string type = task.workflow_type().name();
    const auto started = std::chrono::steady_clock::now();
    if (!next.decoded.ok()) handler_.Evict(facts.run_id);
    absl::StatusOr<core::WorkflowTaskReply> reply =
        next.decoded.ok() ? handler_.Handle(std::move(task), &watch) : handler_.Refuse(task, next.decoded);
    if (watch.given_up()) {
      executor_.Regain();
      return false;
    }
    shared_->Latency(metrics::kWorkflowTaskExecutionLatency, "workflow_type", type,
                     std::chrono::steady_clock::now() - started);
    if (!reply.ok()) {
      shared_->observer().Log(LogLevel::kWarning,
                              absl::StrCat("workflow task of run ", facts.run_id, ": ", reply.status().ToString()));
      return true;  // the server hands it out again when its time is over
    }
    CountOutcome(type, *reply);
    next = Reply(facts, *std::move(reply));
  }
  return true;
}

// The thread stays lost until the code returns; its slot goes to another task.
void WorkflowWorker::OnDeadlock(const Task& task, std::string message) {
  executor_.Lose();
  slots_.Release();
  executor_.Run([this, task, message = std::move(message)] {
    const std::string& run_id = task.workflow_execution().run_id();
    handler_.Evict(run_id);
    core::WorkflowTaskReply reply = handler_.Refuse(task, absl::DeadlineExceededError(message));
    CountOutcome(task.workflow_type().name(), reply);
    Reply({run_id, task.started_event_id(), task.attempt()}, std::move(reply));
  });
}

WorkflowWorker::Received WorkflowWorker::Reply(const TaskFacts& task, core::WorkflowTaskReply reply) {
  if (auto* completed = std::get_if<service::RespondWorkflowTaskCompletedRequest>(&reply)) {
    return Completed(task, *completed);
  }
  if (const auto* failed = std::get_if<service::RespondWorkflowTaskFailedRequest>(&reply)) {
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
      if (--reserved < 0) break;  // more than was asked for: they time out
      activities_->RunEager(std::move(activity), status);
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

void WorkflowWorker::CountOutcome(const std::string& type, const core::WorkflowTaskReply& reply) {
  if (std::holds_alternative<std::monostate>(reply)) {
    shared_->Count(metrics::kWorkflowTaskNoCompletion, "workflow_type", type);
  }
  const auto* failed = std::get_if<service::RespondWorkflowTaskFailedRequest>(&reply);
  if (failed == nullptr) return;
  const bool nondeterminism = failed->cause() == api::enums::v1::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR;
  shared_->observer().Count(metrics::kWorkflowTaskExecutionFailed,
                            {{"namespace", shared_->name_space},
                             {"task_queue", shared_->options.task_queue},
                             {"workflow_type", type},
                             {"failure_reason", nondeterminism ? "NonDeterminismError" : "WorkflowError"}},
                            1);
}

void WorkflowWorker::FailUnsendable(const TaskFacts& task, const std::string& task_token, const absl::Status& why) {
  if (task.attempt > 1) return;
  service::RespondWorkflowTaskFailedRequest request;
  shared_->Sign(request);
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
  for (auto& command : *request.mutable_commands()) {
    if (!command.has_schedule_activity_task_command_attributes()) continue;
    auto& schedule = *command.mutable_schedule_activity_task_command_attributes();
    const bool eager = schedule.request_eager_execution() && reserved < kMaxEager && activities_ != nullptr &&
                       schedule.task_queue().name() == shared_->options.task_queue && activities_->ReserveEager();
    schedule.set_request_eager_execution(eager);
    reserved += eager;
  }
  return reserved;
}

}  // namespace temporal::worker
