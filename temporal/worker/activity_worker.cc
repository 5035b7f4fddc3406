#include "temporal/worker/activity_worker.h"

#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/common/proto.h"
#include "temporal/converter/codec.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/worker/attempt.h"

namespace temporal::worker {

namespace service = api::workflowservice::v1;

namespace {

constexpr char kWorkerType[] = "ActivityWorker";
constexpr int kHeartbeatThreads = 4;
constexpr Duration kReportFor = std::chrono::minutes(1);  // through a short outage of the server

std::shared_ptr<SlotSupplier> SupplierOf(const WorkerOptions& options) {
  if (options.activity_slots != nullptr) return options.activity_slots;
  return std::make_shared<FixedSlotSupplier>(options.max_concurrent_activities);
}

ActivityInfo ToInfo(const ActivityWorker::Task& task, const std::string& task_queue) {
  ActivityInfo info;
  info.activity_id = task.activity_id();
  info.activity_type = task.activity_type().name();
  info.task_queue = task_queue;
  info.workflow_namespace = task.workflow_namespace();
  info.workflow_id = task.workflow_execution().workflow_id();
  info.workflow_run_id = task.workflow_execution().run_id();
  info.workflow_type = task.workflow_type().name();
  info.task_token = task.task_token();
  info.attempt = std::max(1, task.attempt());
  info.scheduled_at = FromProto(task.scheduled_time());
  info.attempt_scheduled_at = FromProto(task.current_attempt_scheduled_time());
  info.started_at = FromProto(task.started_time());
  info.heartbeat_timeout = FromProto(task.heartbeat_timeout());
  const Duration one = FromProto(task.start_to_close_timeout());
  const Duration all = info.schedule_to_close = FromProto(task.schedule_to_close_timeout());
  const auto by = [](Time from, Duration timeout) {
    return from + std::chrono::duration_cast<Time::duration>(timeout);
  };
  if (one > Duration(0)) info.deadline = by(info.started_at, one);
  if (all > Duration(0)) {
    info.deadline = std::min(info.deadline.value_or(Time::max()), by(info.scheduled_at, all));
  }
  for (const auto& [key, value] : task.header().fields()) info.headers[key] = value;
  return info;
}

Failure ResultTooLarge() {
  FailureAttributes attributes;
  attributes.type = "ResultTooLarge";
  attributes.non_retryable = true;
  return ToFailure(ApplicationError(absl::StatusCode::kOutOfRange, "the activity's result is too large", attributes));
}

// What can be told of a failure that is too large to be told: of what kind it is, and how its message begins.
Failure Shortened(const Failure& failure) {
  constexpr size_t kShown = 2000;
  Failure shorter;
  shorter.set_message(
      ValidUtf8(absl::StrCat("the failure is too large, it begins: ", failure.message().substr(0, kShown))));
  shorter.set_source(failure.source());
  auto& info = *shorter.mutable_application_failure_info();
  info.set_type(failure.application_failure_info().type().substr(0, kShown));
  info.set_non_retryable(failure.application_failure_info().non_retryable());
  return shorter;
}

}  // namespace

struct ActivityWorker::Running {
  // The first reason counts.
  void Stop(StopReason why) {
    StopReason none = StopReason::kNone;
    reason.compare_exchange_strong(none, why);
    source.request_stop();
  }
  std::stop_source source;
  std::atomic<StopReason> reason = StopReason::kNone;
};

ActivityWorker::ActivityWorker(std::shared_ptr<const Shared> shared, const ActivityRegistry& registry)
    : shared_(std::move(shared)),
      registry_(registry),
      slots_(SupplierOf(shared_->options), SlotKind::kActivity, kWorkerType, *shared_),
      heartbeat_threads_(kHeartbeatThreads),
      executor_(slots_.max(kMostThreads)),
      poller_("activity_task", kWorkerType, slots_, *shared_, shared_->options.max_activities_per_second) {}

ActivityWorker::~ActivityWorker() { Finish(std::chrono::steady_clock::now()); }

void ActivityWorker::Start() {
  shared_->Count(metrics::kWorkerStart, "worker_type", kWorkerType);
  if (shared_->options.activity_poller_autoscaling) {
    poller_.Start(*shared_->options.activity_poller_autoscaling, [this] { return Poll(); });
  } else {
    poller_.Start(shared_->options.activity_pollers, [this] { return Poll(); });
  }
}

absl::StatusOr<PollResult> ActivityWorker::Poll() {
  service::PollActivityTaskQueueRequest request;
  shared_->Sign(request);
  request.set_worker_instance_key(shared_->instance_key);
  request.mutable_task_queue()->set_name(shared_->options.task_queue);
  request.mutable_task_queue()->set_kind(api::enums::v1::TASK_QUEUE_KIND_NORMAL);
  if (const double limit = shared_->options.max_task_queue_activities_per_second; limit > 0) {
    request.mutable_task_queue_metadata()->mutable_max_tasks_per_second()->set_value(limit);
  }
  Task task;
  const absl::Status polled = shared_->transport->Call("PollActivityTaskQueue", request, task, shared_->PollOptions());
  if (!polled.ok() && FailedCodecStep(polled) != CodecStep::kDecode) return polled;
  PollResult result;
  if (task.has_poller_scaling_decision()) {
    result.suggestion = task.poller_scaling_decision().poll_request_delta_suggestion();
  }
  result.task = !task.task_token().empty();
  if (result.task) {
    Dispatch(std::move(task), polled, [this] { slots_.Release(); });
  } else {
    shared_->observer().Count(metrics::kActivityPollNoTask,
                              {{"namespace", shared_->name_space}, {"task_queue", shared_->options.task_queue}}, 1);
  }
  return result;
}

template <class Release>
void ActivityWorker::Dispatch(Task task, const absl::Status& decoded, Release release) {
  slots_.Use();
  executor_.Run([this, task = std::make_shared<const Task>(std::move(task)), decoded, release] {
    if (decoded.ok()) {
      Execute(*task);
    } else {
      Report(*task, decoded, StopReason::kNone, std::nullopt);
    }
    release();
  });
}

bool ActivityWorker::ReserveEager() {
  const WorkerOptions& options = shared_->options;
  const int limit = options.max_concurrent_eager_activities;
  const bool rated = options.max_activities_per_second > 0 || options.max_task_queue_activities_per_second > 0;
  if (poller_.stopped() || options.disable_eager_activities || rated) return false;
  const int held = eager_.fetch_add(1);
  if ((limit <= 0 || held < limit) && slots_.TryAcquire()) return true;
  --eager_;
  return false;
}

void ActivityWorker::RunEager(Task task, const absl::Status& decoded) {
  Dispatch(std::move(task), decoded, [this] {
    --eager_;
    slots_.Release();
  });
}

void ActivityWorker::ReleaseEager() {
  --eager_;
  slots_.ReleaseUnused();
}

void ActivityWorker::Finish(std::chrono::steady_clock::time_point deadline) {
  poller_.Join();
  if (!executor_.WaitIdle(std::max(Duration(0), Duration(deadline - std::chrono::steady_clock::now())))) {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Running* running : running_) running->Stop(StopReason::kShutdown);
  }
  executor_.WaitIdle();
}

void ActivityWorker::Execute(const Task& task) {
  const auto started = std::chrono::steady_clock::now();
  const auto running = std::make_shared<Running>();
  std::list<Running*>::iterator place;
  {
    std::lock_guard lock(mutex_);
    place = running_.insert(running_.end(), running.get());
    if (stopping_) running->Stop(StopReason::kShutdown);
  }
  ActivityInfo info = ToInfo(task, shared_->options.task_queue);
  const std::string& type = task.activity_type().name();
  shared_->Latency(metrics::kActivityScheduleToStartLatency, "activity_type", type,
                   info.started_at - info.attempt_scheduled_at);
  std::optional<Timers::Id> deadline;
  if (info.deadline) {
    // Measured by the server's clock alone; only the difference counts here.
    deadline =
        timers_.At(started + (*info.deadline - info.started_at), [running] { running->Stop(StopReason::kDeadline); });
  }
  const WorkerOptions& options = shared_->options;
  const auto heartbeats = std::make_shared<AttemptHeartbeats>(
      HeartbeatInterval(info.heartbeat_timeout, options.default_heartbeat_throttle, options.max_heartbeat_throttle),
      heartbeat_threads_, timers_, [this, &task](const Payloads& details) { return SendHeartbeat(task, details); },
      [running](StopReason reason) { running->Stop(reason); });
  ActivityContext context(std::move(info), task.heartbeat_details(), running->source.get_token(), *heartbeats);

  const absl::StatusOr<Payload> outcome = RunAttempt(*shared_, registry_, context, task.input());
  const std::optional<Payloads> unsent = heartbeats->Close();
  if (deadline) timers_.Cancel(*deadline);
  {
    std::lock_guard lock(mutex_);
    running_.erase(place);
  }
  shared_->Latency(metrics::kActivityExecutionLatency, "activity_type", type,
                   std::chrono::steady_clock::now() - started);
  if (IsResultPending(outcome.status())) {
    if (unsent) SendHeartbeat(task, *unsent);  // what the attempt has said so far; others go on with it
    return;
  }
  if (!outcome.ok()) shared_->Count(metrics::kActivityExecutionFailed, "activity_type", type);
  // Past its deadline the server ends the attempt, as what it is: a timeout.
  if (!outcome.ok() && running->reason == StopReason::kDeadline) return;
  Report(task, outcome, running->reason, unsent);
}

StopReason ActivityWorker::SendHeartbeat(const Task& task, const Payloads& details) const {
  service::RecordActivityTaskHeartbeatRequest request;
  shared_->Sign(request);
  request.set_task_token(task.task_token());
  if (details.payloads_size() > 0) *request.mutable_details() = details;
  CallOptions call;
  if (task.heartbeat_timeout().seconds() > 0) {
    call.retry_for = std::min(call.retry_for, FromProto(task.heartbeat_timeout()) / 2);
  }
  const auto answer = Invoke<service::RecordActivityTaskHeartbeatResponse>(
      *shared_->transport, "RecordActivityTaskHeartbeat", request, call);
  if (!answer.ok()) {
    if (answer.status().code() == absl::StatusCode::kNotFound) return StopReason::kGone;
    // Other errors pass; the server decides by the heartbeat timeout.
    shared_->observer().Log(LogLevel::kWarning, absl::StrCat("a heartbeat of activity ", task.activity_type().name(),
                                                             " was not sent: ", answer.status().ToString()));
    return StopReason::kNone;
  }
  if (answer->cancel_requested()) return StopReason::kCancelRequested;
  if (answer->activity_paused() || answer->activity_reset()) return StopReason::kPaused;
  return StopReason::kNone;
}

void ActivityWorker::Report(const Task& task, const absl::StatusOr<Payload>& outcome, StopReason reason,
                            const std::optional<Payloads>& unsent) const {
  absl::Status status = Send(task, outcome, reason, unsent);
  if (status.ok() && outcome.ok()) {
    shared_->Latency(metrics::kActivitySucceedEndToEndLatency, "activity_type", task.activity_type().name(),
                     std::chrono::system_clock::now() - FromProto(task.scheduled_time()));
  } else if (IsTooLarge(status)) {
    status = SendFailure(task, outcome.ok() ? ResultTooLarge() : Shortened(FailureOf(outcome.status())), std::nullopt);
  } else if (FailedCodecStep(status) == CodecStep::kEncode) {
    status = SendFailure(task, FailureOf(status), std::nullopt);
  }
  // kNotFound: the attempt has timed out or the workflow is over; nobody waits for the outcome.
  if (!status.ok() && status.code() != absl::StatusCode::kNotFound) {
    shared_->observer().Log(LogLevel::kWarning, absl::StrCat("the outcome of activity ", task.activity_type().name(),
                                                             " was not delivered: ", status.ToString()));
  }
}

absl::Status ActivityWorker::Send(const Task& task, const absl::StatusOr<Payload>& outcome, StopReason reason,
                                  const std::optional<Payloads>& unsent) const {
  if (outcome.ok()) {
    service::RespondActivityTaskCompletedRequest request;
    *request.mutable_result()->add_payloads() = *outcome;
    return SendAnswer<service::RespondActivityTaskCompletedResponse>("RespondActivityTaskCompleted", task, request);
  }
  if (outcome.status().code() == absl::StatusCode::kCancelled && reason == StopReason::kCancelRequested) {
    service::RespondActivityTaskCanceledRequest request;
    *request.mutable_details() =
        ToFailure(outcome.status(), nullptr, /*as_cancelled=*/true).canceled_failure_info().details();
    return SendAnswer<service::RespondActivityTaskCanceledResponse>("RespondActivityTaskCanceled", task, request);
  }
  return SendFailure(task, FailureOf(outcome.status()), unsent);
}

absl::Status ActivityWorker::SendFailure(const Task& task, Failure failure,
                                         const std::optional<Payloads>& unsent) const {
  service::RespondActivityTaskFailedRequest request;
  *request.mutable_failure() = std::move(failure);
  if (unsent) *request.mutable_last_heartbeat_details() = *unsent;
  return SendAnswer<service::RespondActivityTaskFailedResponse>("RespondActivityTaskFailed", task, request);
}

Failure ActivityWorker::FailureOf(const absl::Status& status) const {
  return ToFailure(status, shared_->options.failure_hook);
}

template <class Response, class Request>
absl::Status ActivityWorker::SendAnswer(std::string_view method, const Task& task, Request& request) const {
  shared_->Sign(request);
  request.set_task_token(task.task_token());
  CallOptions call;
  call.retry_for = kReportFor;
  return Invoke<Response>(*shared_->transport, method, request, call).status();
}

}  // namespace temporal::worker
