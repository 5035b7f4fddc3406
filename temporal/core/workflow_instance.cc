#include "temporal/core/workflow_instance.h"

#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "temporal/common/proto.h"
#include "temporal/common/strings.h"
#include "temporal/core/command_builder.h"
#include "temporal/workflow/internal/spawn.h"

// The run's life: jobs, coroutines, ends. What the code asks for is in workflow_runtime.cc, what it is asked in
// workflow_queries.cc.
namespace temporal::core {

namespace enums = api::enums::v1;

WorkflowInstance::~WorkflowInstance() { DestroyCode(); }

void WorkflowInstance::DestroyCode() {
  scheduler_.Close();  // coroutines first: they use the object
  object_.reset();
}

void WorkflowInstance::MakeObject() { object_ = factory_(RootContext()); }

absl::StatusOr<std::vector<Request>> WorkflowInstance::Activate(const Moment& moment, std::vector<Job> jobs,
                                                                bool start) {
  moment_ = moment;
  requests_.clear();
  update_accepted_ = false;
  try {
    bool initialized = false;
    bool only_updates = true;
    for (Job& job : jobs) {
      initialized |= std::holds_alternative<InitializeJob>(job);
      only_updates &= std::holds_alternative<UpdateJob>(job);
      std::visit([this](auto& each) { Apply(each); }, job);
    }
    if (start) {
      // Behind the handlers of signals that came with the start, so that Run sees their effect.
      if (initialized) (void)internal::Spawn(scheduler_, Main(), "Run");
      RunUntilIdle(only_updates);
      RejectUnhandledUpdates();
    }
  } catch (...) {
    HandlerFailed(std::current_exception());
  }
  if (!failed_.ok()) return failed_;
  return std::exchange(requests_, {});
}

void WorkflowInstance::RunUntilIdle(bool only_updates) {
  scheduler_.Drain();
  // Replay does not know of updates that were rejected: where nothing else came, conditions are not asked.
  if (only_updates && !update_accepted_) return;
  while (CheckConditions()) scheduler_.Drain();
}

bool WorkflowInstance::CheckConditions() {
  bool any = false;
  if (!conditions_.empty()) scheduler_.place().Begin(condition_label_);
  // A predicate adds no condition, and what it wakes runs later, so the list stands still here.
  std::erase_if(conditions_, [&](const Condition& condition) {
    const auto state = condition.state.lock();
    if (state == nullptr || state->ready()) return true;
    try {
      if (!Holds(condition.predicate)) return false;
      state->Resolve();
    } catch (...) {
      state->Fail(std::current_exception());
    }
    any = true;
    return true;
  });
  return any;
}

Task<void> WorkflowInstance::Main() {
  try {
    Payload result = co_await RunObject(std::move(input_));
    Command command;
    command.set_command_type(enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION);
    *command.mutable_complete_workflow_execution_command_attributes()->mutable_result()->add_payloads() =
        std::move(result);
    CloseWith(std::move(command));
  } catch (...) {
    HandlerFailed(std::current_exception());
  }
}

void WorkflowInstance::CloseWith(Command command) {
  if (!std::exchange(closing_, true) && !all_handlers_finished()) {
    Log(LogLevel::kWarning, "ends while handlers of signals or updates are under way");
  }
  Ask(Close{std::move(command)});
}

void WorkflowInstance::HandlerFailed(std::exception_ptr error) {
  try {
    try {
      std::rethrow_exception(error);
    } catch (const internal::ContinueAsNewRequest& request) {
      ContinueAsNew(request);  // interceptors may throw
    }
  } catch (const WorkflowFailure& failure) {
    Command command;
    if (root_->cancelled() && IsCancellation(failure)) {
      command.set_command_type(enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION);
      command.mutable_cancel_workflow_execution_command_attributes();
    } else {
      command.set_command_type(enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION);
      *command.mutable_fail_workflow_execution_command_attributes()->mutable_failure() = failure.failure();
    }
    CloseWith(std::move(command));
  } catch (const std::exception& e) {
    if (failed_.ok()) failed_ = absl::UnknownError(e.what());
  } catch (...) {
    if (failed_.ok()) failed_ = absl::UnknownError("the workflow threw an exception of unknown type");
  }
}

void WorkflowInstance::ContinueAsNew(const internal::ContinueAsNewRequest& request) {
  CloseWith(ContinueAsNewCommand(request, info_, memo_, search_attributes_));
}

void WorkflowInstance::Apply(InitializeJob& job) {
  auto& started = job.attributes;
  random_ = core::Random(job.seed);
  info_.first_run_id = started.first_execution_run_id();
  info_.continued_run_id = started.continued_execution_run_id();
  info_.attempt = started.attempt();
  info_.start_time = FromProto(job.start_time);
  info_.execution_timeout = FromProto(started.workflow_execution_timeout());
  info_.run_timeout = FromProto(started.workflow_run_timeout());
  info_.task_timeout = FromProto(started.workflow_task_timeout());
  if (started.has_retry_policy()) info_.retry_policy = FromProto(started.retry_policy());
  info_.cron_schedule = started.cron_schedule();
  info_.parent_workflow_id = started.parent_workflow_execution().workflow_id();
  info_.parent_run_id = started.parent_workflow_execution().run_id();
  info_.parent_namespace = started.parent_workflow_namespace();
  info_.headers = {started.header().fields().begin(), started.header().fields().end()};
  info_.memo = {started.memo().fields().begin(), started.memo().fields().end()};
  info_.search_attributes = {started.search_attributes().indexed_fields().begin(),
                             started.search_attributes().indexed_fields().end()};
  info_.last_completion_result = started.last_completion_result();
  memo_ = info_.memo;
  search_attributes_ = info_.search_attributes;
  input_.Swap(started.mutable_input());
  MakeObject();
}

// At once, so that a signal beats the resolutions that came with it; but not before an update that came first.
void WorkflowInstance::Apply(SignalJob& job) {
  if (job.after_update) {
    scheduler_.Post([this, job = std::move(job)]() mutable { Receive(std::move(job)); });
  } else {
    Receive(std::move(job));
  }
}

void WorkflowInstance::Receive(SignalJob job) {
  scheduler_.place().Begin(internal::MakeLabel(absl::StrCat("signal '", job.name, "'")));
  SignalArrived(std::move(job));
}

void WorkflowInstance::HandleSignal(SignalJob& job) {
  const auto found = signal_handlers_.find(job.name);
  if (found == signal_handlers_.end()) {
    unhandled_signals_.push_back(std::move(job));
    return;
  }
  const auto handler = found->second.function;
  (*handler)(job.input);
}

// Queued, so that the validator sees what signals before it have done, in coroutines too.
void WorkflowInstance::Apply(UpdateJob& job) {
  std::string name = absl::StrCat("update '", job.name, "', id ", job.id);
  (void)internal::Spawn(scheduler_, HandleUpdate(std::move(job)), std::move(name));
}

Task<void> WorkflowInstance::HandleUpdate(UpdateJob job) {
  const auto found = update_handlers_.find(job.name);
  if (found == update_handlers_.end()) {
    unhandled_updates_.push_back(std::move(job));
    co_return;
  }
  const std::shared_ptr<internal::UpdateHandler> handler = found->second.function;
  try {
    if (job.run_validator) {
      if (auto refusal = Refusal(*handler, job)) {
        Ask(RejectUpdate{job.id, *std::move(refusal)});
        co_return;
      }
    }
    update_accepted_ = true;
    const internal::HandlerInProgress in_progress(*this);  // not before: a rejected one must not be seen
    Ask(AcceptUpdate{job.id});
    Payload result = co_await RunUpdate(*handler, job);
    Ask(CompleteUpdate{job.id, std::move(result)});
  } catch (const WorkflowFailure& failure) {
    Ask(CompleteUpdate{job.id, failure.failure()});
  } catch (const internal::ContinueAsNewRequest&) {
    HandlerFailed(std::make_exception_ptr(
        std::logic_error(absl::StrCat("the handler of update '", job.name, "' must not continue as new"))));
  } catch (...) {
    HandlerFailed(std::current_exception());
  }
}

std::optional<FailureMessage> WorkflowInstance::Refusal(const internal::UpdateHandler& handler, const UpdateJob& job) {
  const ReadOnly read_only(*this);
  try {
    Validate(handler, job);
    return std::nullopt;
  } catch (const WorkflowFailure& failure) {
    return failure.failure();
  } catch (const internal::ReadOnlyViolation&) {
    throw;  // a fault of the code, not of the update
  } catch (const std::exception& e) {
    return ApplicationFailure(e.what()).failure();
  }
}

void WorkflowInstance::RejectUnhandledUpdates() {
  for (const UpdateJob& job : std::exchange(unhandled_updates_, {})) {
    std::vector<std::string> known;
    for (const auto& [name, handler] : update_handlers_) known.push_back(name);
    const std::string message =
        absl::StrCat("Update handler for '", job.name, "' expected but not found, and known updates: [",
                     absl::StrJoin(known, " "), "]");
    Ask(RejectUpdate{job.id, ApplicationFailure(message, "NOT_FOUND").failure()});
  }
}

void WorkflowInstance::Apply(CancelJob& job) { root_->Cancel(job.reason); }

template <class T>
std::optional<WorkflowInstance::Pending<T>> WorkflowInstance::Extract(PendingMap<T>& map, uint32_t seq) {
  const auto found = map.find(seq);
  if (found == map.end()) return std::nullopt;
  Pending<T> pending = std::move(found->second);
  map.erase(found);
  pending.scope->Forget(pending.key);
  return pending;
}

template <class T>
void WorkflowInstance::Settle(const std::shared_ptr<internal::FutureState<T>>& state, Outcome& outcome) {
  if (auto* failure = std::get_if<FailureMessage>(&outcome)) {
    state->Fail(ToException(std::move(*failure)));
  } else {
    state->Resolve(std::get<Payload>(std::move(outcome)));
  }
}

void WorkflowInstance::Apply(TimerFiredJob& job) {
  if (const auto pending = Extract(timers_, job.seq)) pending->state->Resolve();
}

void WorkflowInstance::Apply(ActivityJob& job) {
  if (const auto pending = Extract(activities_, job.seq)) Settle(pending->state, job.outcome);
}

void WorkflowInstance::Apply(LocalActivityJob& job) {
  const auto found = locals_.find(job.seq);
  if (found == locals_.end()) return;
  PendingLocal pending = std::move(found->second);
  locals_.erase(found);
  pending.scope->Forget(pending.key);
  if (!job.backoff) return Settle(pending.state, job.outcome);
  // The next attempts are another local activity, after a timer. A cancelled scope has no timers: the future fails.
  pending.call.attempt = job.backoff->attempt;
  const Future<Nothing> wait = WorkflowInstance::StartTimer(job.backoff->duration, pending.scope, {});
  wait.state()->OnReady([this, pending = std::move(pending), raw = wait.state().get()] {
    if (raw->failed()) return pending.state->Fail(raw->error());
    StartLocalActivity(pending.state, pending.scope, pending.call);
  });
}

void WorkflowInstance::Apply(ChildStartJob& job) {
  const auto found = children_.find(job.seq);
  if (found == children_.end()) return;
  if (auto* failure = std::get_if<FailureMessage>(&job.run_id_or_failure)) {
    const PendingChild child = std::move(found->second);
    children_.erase(found);
    child.scope->Forget(child.key);
    child.started->Fail(ToException(std::move(*failure)));
  } else {
    const PendingChild& child = found->second;
    child.started->Resolve({std::get<std::string>(job.run_id_or_failure), Future<Payload>(child.result)});
  }
}

void WorkflowInstance::Apply(ChildJob& job) {
  const auto found = children_.find(job.seq);
  if (found == children_.end()) return;
  const PendingChild child = std::move(found->second);
  children_.erase(found);
  child.scope->Forget(child.key);
  if (const auto* failure = std::get_if<FailureMessage>(&job.outcome); failure != nullptr && !child.started->ready()) {
    child.started->Fail(ToException(*failure));  // cancelled before it was known to have started
  }
  Settle(child.result, job.outcome);
}

void WorkflowInstance::ResolveExternal(PendingMap<Nothing>& map, uint32_t seq, std::optional<FailureMessage>& failure) {
  const auto pending = Extract(map, seq);
  if (!pending) return;
  if (failure) {
    pending->state->Fail(ToException(*std::move(failure)));
  } else {
    pending->state->Resolve();
  }
}

}  // namespace temporal::core
