#include "temporal/core/workflow_task_handler.h"

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "temporal/common/metrics.h"
#include "temporal/common/proto.h"
#include "temporal/common/strings.h"
#include "temporal/common/versioning_proto.h"
#include "temporal/core/history/errors.h"
#include "temporal/core/run_cache.h"
#include "temporal/core/workflow_run.h"

namespace temporal::core {

namespace enums = api::enums::v1;
using Task = api::workflowservice::v1::PollWorkflowTaskQueueResponse;
using Completed = api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;
using Failed = api::workflowservice::v1::RespondWorkflowTaskFailedRequest;
using QueryCompleted = api::workflowservice::v1::RespondQueryTaskCompletedRequest;

class WorkflowTaskHandler::Impl {
 public:
  Impl(WorkflowTaskHandlerOptions options, const WorkflowRegistry& registry, HistoryFetcher& fetcher)
      : options_(std::move(options)),
        registry_(registry),
        fetcher_(fetcher),
        cache_(sticky() ? options_.max_cached_runs : 0) {}

  absl::StatusOr<WorkflowTaskReply> Handle(Task task, ActivationGuard* guard);
  WorkflowTaskReply Refuse(const Task& task, const absl::Status& why) const;
  void Rewind(const std::string& run_id, int64_t started_event_id, int64_t reset_to);
  RunCache& cache() { return cache_; }

 private:
  void Count(const char* metric, std::string_view workflow_type) const {
    options_.observer->Count(
        metric,
        {{"namespace", options_.namespace_name}, {"task_queue", options_.task_queue}, {"workflow_type", workflow_type}},
        1);
  }
  bool sticky() const { return options_.max_cached_runs > 0 && !options_.sticky_task_queue.empty(); }
  absl::Status Progress(RunCache::Slot& slot, Task& task, ActivationGuard* guard);
  absl::Status RunLocals(RunCache::Slot& slot, const Task& task, std::optional<LocalActivityHost::Instant> received,
                         WorkflowRun::Locals& locals);
  WorkflowTaskReply Reply(RunCache::Slot& slot, const Task& task, WorkflowRun::Locals locals, bool& keep);
  WorkflowTaskReply FailTask(const Task& task, const absl::Status& status) const;
  QueryCompleted AnswerQuery(WorkflowRun& run, const Task& task);
  QueryCompleted FailQuery(const Task& task, const absl::Status& status) const;
  WorkflowInfo InfoOf(const Task& task) const;
  enums::VersioningBehavior BehaviorOf(const std::string& workflow_type) const;

  const WorkflowTaskHandlerOptions options_;
  const WorkflowRegistry& registry_;
  HistoryFetcher& fetcher_;
  RunCache cache_;
};

namespace {

constexpr Duration kDefaultTaskTimeout = std::chrono::seconds(10);  // the server's

std::string Message(const absl::Status& status) {
  return ValidUtf8({status.message().data(), status.message().size()});
}

// The metric under which the end of a run is counted; null for other commands.
const char* EndMetric(const Command& command) {
  switch (command.command_type()) {
    case enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
      return metrics::kWorkflowCompleted;
    case enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
      return metrics::kWorkflowFailed;
    case enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      return metrics::kWorkflowCanceled;
    case enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
      return metrics::kWorkflowContinueAsNew;
    default:
      return nullptr;
  }
}

const char* FailureType(const absl::Status& status) {
  if (IsNondeterminism(status)) return "NonDeterminismError";
  return absl::IsDeadlineExceeded(status) ? "DeadlockError" : "WorkflowTaskError";
}

template <class Result>
void SetResult(const absl::StatusOr<Payload>& answer, Result& result, enums::QueryResultType* type) {
  if (answer.ok()) {
    *type = enums::QUERY_RESULT_TYPE_ANSWERED;
    return;
  }
  *type = enums::QUERY_RESULT_TYPE_FAILED;
  result.set_error_message(Message(answer.status()));
  result.mutable_failure()->set_message(result.error_message());
  result.mutable_failure()->mutable_application_failure_info();
}

}  // namespace

absl::StatusOr<WorkflowTaskReply> WorkflowTaskHandler::Impl::Handle(Task task, ActivationGuard* guard) {
  std::optional<LocalActivityHost::Instant> received;
  if (options_.local_activities != nullptr) received = options_.local_activities->Now();
  const std::string run_id = task.workflow_execution().run_id();
  size_t evicted = 0;
  const std::shared_ptr<RunCache::Slot> slot = cache_.Get(run_id, &evicted);
  if (evicted > 0) Count(metrics::kStickyCacheTotalForcedEviction, task.workflow_type().name());
  const std::lock_guard lock(slot->mutex);

  auto locals = WorkflowRun::Locals::kEnded;
  const bool built_for_query = task.has_query() && (slot->run == nullptr || !task.history().events().empty());
  absl::Status status = Progress(*slot, task, guard);
  if (status.ok()) status = RunLocals(*slot, task, received, locals);
  bool keep = status.ok();
  absl::StatusOr<WorkflowTaskReply> reply = WorkflowTaskReply();
  if (status.ok()) {
    reply = Reply(*slot, task, locals, keep);
    if (slot->run->given_up()) {  // as it answered a query
      reply = WorkflowTaskReply();
      keep = false;
    }
    // The history may reach into a task under way, without the updates that came with that.
    if (built_for_query && slot->run->machines().next_event_id() != task.previous_started_event_id() + 1) keep = false;
  } else if (IsUnreachable(status)) {
    reply = status;
  } else if (!absl::IsAborted(status)) {
    reply = Refuse(task, status);
  }
  if (!keep) {
    if (!status.ok() && sticky()) Count(metrics::kStickyCacheTotalForcedEviction, task.workflow_type().name());
    slot->run.reset();
    cache_.Drop(run_id);
  } else if (locals == WorkflowRun::Locals::kRunning) {
    cache_.Hold(run_id, slot);
  }
  options_.observer->Gauge(metrics::kStickyCacheSize,
                           {{"namespace", options_.namespace_name}, {"task_queue", options_.task_queue}},
                           static_cast<double>(cache_.size()));
  return reply;
}

WorkflowTaskReply WorkflowTaskHandler::Impl::Refuse(const Task& task, const absl::Status& why) const {
  options_.observer->Log(
      LogLevel::kError,
      absl::StrCat("workflow ", task.workflow_type().name(), " ", task.workflow_execution().workflow_id(), " run ",
                   task.workflow_execution().run_id(), ", task attempt ", task.attempt(), ": ", Message(why)));
  if (task.has_query()) return FailQuery(task, why);
  if (task.attempt() <= 1) return FailTask(task, why);
  return WorkflowTaskReply();  // reported already; the server waits longer before each further attempt
}

absl::Status WorkflowTaskHandler::Impl::Progress(RunCache::Slot& slot, Task& task, ActivationGuard* guard) {
  const auto& events = task.history().events();
  const bool only_query = events.empty() && (task.has_query() || !task.queries().empty());
  if (events.empty() && !only_query) return absl::DataLossError("a workflow task without history");
  const int64_t first = events.empty() ? 0 : events.at(0).event_id();
  if (slot.run != nullptr && !only_query && !slot.run->Continues(first, task.previous_started_event_id()))
    slot.run.reset();
  if (sticky()) {
    Count(slot.run != nullptr ? metrics::kStickyCacheHit : metrics::kStickyCacheMiss, task.workflow_type().name());
  }
  if (slot.run != nullptr) slot.run->set_guard(guard);
  if (slot.run != nullptr && only_query) return absl::OkStatus();

  const bool from_start = slot.run == nullptr && first != 1;
  if (slot.run == nullptr) {
    const internal::WorkflowFactory* factory = registry_.Find(task.workflow_type().name());
    if (factory == nullptr) {
      return absl::UnimplementedError(
          absl::StrCat("Workflow type '", task.workflow_type().name(),
                       "' is not registered on this worker, which knows: ", absl::StrJoin(registry_.Types(), ", ")));
    }
    slot.run = std::make_unique<WorkflowRun>(*factory, InfoOf(task), options_);
    slot.run->set_guard(guard);
  }
  std::vector<UpdateRequest> updates;
  for (auto& message : *task.mutable_messages()) {
    auto request = UpdateRequestOf(message);
    if (!request.ok()) return request.status();
    updates.push_back(*std::move(request));
  }
  HistoryReader reader(fetcher_, options_.namespace_name, task, from_start);
  return slot.run->Progress(std::move(reader), task.previous_started_event_id(), std::move(updates));
}

void WorkflowTaskHandler::Impl::Rewind(const std::string& run_id, int64_t started_event_id, int64_t reset_to) {
  const std::shared_ptr<RunCache::Slot> slot = cache_.Get(run_id);
  const std::lock_guard lock(slot->mutex);
  if (slot->run != nullptr && slot->run->machines().Rewind(started_event_id, reset_to)) return;
  slot->run.reset();
  cache_.Drop(run_id);
}

absl::Status WorkflowTaskHandler::Impl::RunLocals(RunCache::Slot& slot, const Task& task,
                                                  std::optional<LocalActivityHost::Instant> received,
                                                  WorkflowRun::Locals& locals) {
  WorkflowRun& run = *slot.run;
  if (task.has_query() || !run.MayReply()) return absl::OkStatus();
  const Duration timeout = run.info().task_timeout > Duration::zero() ? run.info().task_timeout : kDefaultTaskTimeout;
  // Queries that came with the task do not wait for local activities.
  const auto ran =
      run.RunLocals(received.value_or(LocalActivityHost::Instant()) + timeout * 4 / 5, task.queries().empty());
  if (ran.ok()) locals = *ran;
  return ran.status();
}

WorkflowInfo WorkflowTaskHandler::Impl::InfoOf(const Task& task) const {
  WorkflowInfo info;
  info.workflow_type = task.workflow_type().name();
  info.workflow_id = task.workflow_execution().workflow_id();
  info.run_id = task.workflow_execution().run_id();
  info.namespace_name = options_.namespace_name;
  info.task_queue = options_.task_queue;
  return info;
}

enums::VersioningBehavior WorkflowTaskHandler::Impl::BehaviorOf(const std::string& workflow_type) const {
  const VersioningBehavior own = registry_.Behavior(workflow_type);
  const bool set = own != VersioningBehavior::kUnspecified;
  return static_cast<enums::VersioningBehavior>(set ? own : options_.deployment.default_versioning_behavior);
}

WorkflowTaskReply WorkflowTaskHandler::Impl::Reply(RunCache::Slot& slot, const Task& task, WorkflowRun::Locals locals,
                                                   bool& keep) {
  WorkflowRun& run = *slot.run;
  if (task.has_query()) {
    // A query never tells the server about progress; a run that has made some must not be found again.
    keep = run.Settled();
    return AnswerQuery(run, task);
  }
  if (!run.MayReply() && task.queries().empty()) {
    keep = false;
    return WorkflowTaskReply();
  }

  Completed reply;
  reply.set_task_token(task.task_token());
  reply.set_namespace_(options_.namespace_name);
  reply.set_identity(options_.identity);
  FillVersion(options_.build_id, options_.deployment, reply);
  if (options_.deployment.use_versioning) reply.set_versioning_behavior(BehaviorOf(task.workflow_type().name()));
  if (run.MayReply()) {
    for (Command& command : run.machines().TakeCommands()) {
      if (const char* metric = EndMetric(command)) {
        Count(metric, task.workflow_type().name());
        options_.observer->Latency(metrics::kWorkflowEndToEndLatency,
                                   {{"namespace", options_.namespace_name},
                                    {"task_queue", options_.task_queue},
                                    {"workflow_type", task.workflow_type().name()}},
                                   std::chrono::system_clock::now() - run.info().start_time);
        keep = false;  // no task comes any more
      }
      *reply.add_commands() = std::move(command);
    }
    for (auto& message : run.machines().TakeMessages()) *reply.add_messages() = std::move(message);
  }
  reply.mutable_capabilities()->set_discard_speculative_workflow_task_with_events(true);
  *reply.mutable_sdk_metadata() = run.machines().CollectMetadata();
  for (const auto& [id, query] : task.queries()) {
    auto& result = (*reply.mutable_query_results())[id];
    const auto answer = run.Query(query);
    auto type = enums::QUERY_RESULT_TYPE_UNSPECIFIED;
    SetResult(answer, result, &type);
    result.set_result_type(type);
    if (answer.ok()) *result.mutable_answer()->add_payloads() = *answer;
  }
  reply.set_force_create_new_workflow_task(locals != WorkflowRun::Locals::kEnded);
  if (locals == WorkflowRun::Locals::kGivenUp) {
    keep = false;
    return reply;  // the next task is for another worker
  }
  reply.set_return_new_workflow_task(sticky() || locals == WorkflowRun::Locals::kRunning);
  if (sticky()) {
    auto& attributes = *reply.mutable_sticky_attributes();
    attributes.mutable_worker_task_queue()->set_name(options_.sticky_task_queue);
    attributes.mutable_worker_task_queue()->set_kind(enums::TASK_QUEUE_KIND_STICKY);
    attributes.mutable_worker_task_queue()->set_normal_name(options_.task_queue);
    *attributes.mutable_schedule_to_start_timeout() = ToProto(options_.sticky_schedule_to_start);
  }
  return reply;
}

WorkflowTaskReply WorkflowTaskHandler::Impl::FailTask(const Task& task, const absl::Status& status) const {
  Failed reply;
  reply.set_task_token(task.task_token());
  reply.set_namespace_(options_.namespace_name);
  reply.set_identity(options_.identity);
  FillVersion(options_.build_id, options_.deployment, reply);
  reply.set_cause(IsNondeterminism(status) ? enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
                                           : enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  reply.mutable_failure()->set_message(Message(status));
  reply.mutable_failure()->set_source("CppSDK");
  reply.mutable_failure()->mutable_application_failure_info()->set_type(FailureType(status));
  return reply;
}

QueryCompleted WorkflowTaskHandler::Impl::AnswerQuery(WorkflowRun& run, const Task& task) {
  const auto answer = run.Query(task.query());
  if (!answer.ok()) return FailQuery(task, answer.status());
  QueryCompleted reply;
  reply.set_task_token(task.task_token());
  reply.set_namespace_(options_.namespace_name);
  reply.set_completed_type(enums::QUERY_RESULT_TYPE_ANSWERED);
  *reply.mutable_query_result()->add_payloads() = *answer;
  return reply;
}

QueryCompleted WorkflowTaskHandler::Impl::FailQuery(const Task& task, const absl::Status& status) const {
  QueryCompleted reply;
  reply.set_task_token(task.task_token());
  reply.set_namespace_(options_.namespace_name);
  auto type = enums::QUERY_RESULT_TYPE_UNSPECIFIED;
  SetResult(absl::StatusOr<Payload>(status), reply, &type);
  reply.set_completed_type(type);
  return reply;
}

WorkflowTaskHandler::WorkflowTaskHandler(WorkflowTaskHandlerOptions options, const WorkflowRegistry& registry,
                                         HistoryFetcher& fetcher)
    : impl_(std::make_unique<Impl>(std::move(options), registry, fetcher)) {}

WorkflowTaskHandler::~WorkflowTaskHandler() = default;

absl::StatusOr<WorkflowTaskReply> WorkflowTaskHandler::Handle(Task task, ActivationGuard* guard) {
  return impl_->Handle(std::move(task), guard);
}

WorkflowTaskReply WorkflowTaskHandler::Refuse(const Task& task, const absl::Status& why) const {
  return impl_->Refuse(task, why);
}

void WorkflowTaskHandler::Evict(std::string_view run_id) { impl_->cache().Drop(run_id); }

void WorkflowTaskHandler::Unhold(std::string_view run_id) { impl_->cache().Unhold(run_id); }

void WorkflowTaskHandler::EvictAll() { impl_->cache().Clear(); }

void WorkflowTaskHandler::Rewind(const std::string& run_id, int64_t started_event_id, int64_t reset_to) {
  impl_->Rewind(run_id, started_event_id, reset_to);
}

size_t WorkflowTaskHandler::cached_runs() const { return impl_->cache().size(); }

}  // namespace temporal::core
