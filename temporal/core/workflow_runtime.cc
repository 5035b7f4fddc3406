#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/common/builtin_queries.h"
#include "temporal/common/strings.h"
#include "temporal/core/command_builder.h"
#include "temporal/core/workflow_instance.h"

// WorkflowInstance as a Runtime: what the workflow's code asks for.
namespace temporal::core {

using internal::ChildStarted;
using internal::Scope;

namespace {

std::exception_ptr CancelledBy(const Scope& scope) { return std::make_exception_ptr(CancelledError(scope->reason())); }

std::string LocalId(const LocalActivityOptions& options, uint32_t seq) {
  return options.activity_id.empty() ? absl::StrCat(seq) : options.activity_id;
}

}  // namespace

void WorkflowInstance::CheckMayChange(const char* what) const {
  if (read_only_) {
    throw internal::ReadOnlyViolation(
        absl::StrCat(what, " is not allowed in a query handler, a validator or a condition"));
  }
}

bool WorkflowInstance::Holds(const std::function<bool()>& predicate) {
  const ReadOnly read_only(*this);
  return predicate();
}

uint64_t WorkflowInstance::Random() {
  CheckMayChange("randomness");
  return random_.Next();
}

void WorkflowInstance::Log(LogLevel level, std::string_view message) {
  if (moment_.replaying) return;
  observer_.Log(level, absl::StrCat("workflow ", info_.workflow_type, " ", info_.workflow_id, " run ", info_.run_id,
                                    ": ", ToAbsl(message)));
}

Future<Payload> WorkflowInstance::ExecuteActivity(std::string_view type, const ActivityOptions& options, Payloads input,
                                                  const Scope& scope) {
  CheckMayChange("an activity");
  if (options.start_to_close <= Duration::zero() && options.schedule_to_close <= Duration::zero()) {
    throw std::invalid_argument(
        absl::StrCat("activity ", ToAbsl(type), " needs a start_to_close or schedule_to_close timeout"));
  }
  auto state = NewState<Payload>();
  if (scope->cancelled()) {
    state->Fail(CancelledBy(scope));
    return Future<Payload>(state);
  }
  const uint32_t seq = ++activity_seq_;
  const std::string id = options.activity_id.empty() ? absl::StrCat(seq) : options.activity_id;
  state->set_label(internal::MakeLabel(absl::StrCat("activity ", ToAbsl(type), ", id ", id)));
  const uint64_t key = scope->OnCancel([this, seq] { Ask(CancelActivity{seq}); });
  activities_.emplace(seq, Pending<Payload>{state, scope, key});
  Ask(ScheduleActivity{seq, ActivityCommand(type, id, options, std::move(input), info_), options.cancellation});
  return Future<Payload>(state);
}

Future<Payload> WorkflowInstance::ExecuteLocalActivity(std::string_view type, const LocalActivityOptions& options,
                                                       Payloads input, const Scope& scope) {
  CheckMayChange("a local activity");
  if (options.start_to_close <= Duration::zero() && options.schedule_to_close <= Duration::zero()) {
    throw std::invalid_argument(
        absl::StrCat("local activity ", ToAbsl(type), " needs a start_to_close or schedule_to_close timeout"));
  }
  auto state = NewState<Payload>();
  if (scope->cancelled()) {
    state->Fail(CancelledBy(scope));
    return Future<Payload>(state);
  }
  state->set_label(
      internal::MakeLabel(absl::StrCat("local activity ", ToAbsl(type), ", id ", LocalId(options, activity_seq_ + 1))));
  LocalActivityCall call;
  call.activity_type = type;
  call.input = std::move(input);
  call.options = options;
  call.original_schedule_time = moment_.now;
  StartLocalActivity(state, scope, std::move(call));
  return Future<Payload>(state);
}

void WorkflowInstance::StartLocalActivity(std::shared_ptr<internal::FutureState<Payload>> state, Scope scope,
                                          LocalActivityCall call) {
  const uint32_t seq = ++activity_seq_;
  call.seq = seq;
  call.activity_id = LocalId(call.options, seq);
  call.waited = std::chrono::duration_cast<Duration>(moment_.now - call.original_schedule_time);
  const uint64_t key = scope->OnCancel([this, seq] { Ask(CancelLocalActivity{seq}); });
  locals_.emplace(seq, PendingLocal{std::move(state), std::move(scope), key, call});
  Ask(ScheduleLocalActivity{std::move(call)});
}

Future<Nothing> WorkflowInstance::StartTimer(Duration duration, const Scope& scope, std::string_view summary) {
  CheckMayChange("a timer");
  auto state = NewState<Nothing>();
  if (scope->cancelled()) {
    state->Fail(CancelledBy(scope));
    return Future<Nothing>(state);
  }
  if (duration <= Duration::zero()) {
    state->Resolve();
    return Future<Nothing>(state);
  }
  const uint32_t seq = ++timer_seq_;
  state->set_label(internal::MakeLabel(absl::StrCat("timer ", seq, " of ", internal::InWords(duration))));
  const uint64_t key = scope->OnCancel([this, seq, raw = scope.get()] {
    Ask(CancelTimer{seq});
    const auto found = timers_.find(seq);
    const auto timer = std::move(found->second.state);
    timers_.erase(found);
    timer->Fail(std::make_exception_ptr(CancelledError(raw->reason())));
  });
  timers_.emplace(seq, Pending<Nothing>{state, scope, key});
  Ask(core::StartTimer{seq, TimerCommand(absl::StrCat(seq), duration, summary)});
  return Future<Nothing>(state);
}

Future<Nothing> WorkflowInstance::AddCondition(std::function<bool()> predicate, const Scope& scope) {
  CheckMayChange("a condition");
  auto state = std::make_shared<internal::ScopedState<Nothing>>(scheduler_, scope);
  state->set_label(condition_label_);
  if (!state->ready()) {
    if (Holds(predicate)) {
      state->Resolve();
    } else {
      conditions_.push_back({state, std::move(predicate)});
    }
  }
  return Future<Nothing>(state);
}

Future<ChildStarted> WorkflowInstance::StartChild(std::string_view type, const ChildOptions& options, Payloads input,
                                                  const Scope& scope) {
  CheckMayChange("a child workflow");
  auto started = NewState<ChildStarted>();
  if (scope->cancelled()) {
    started->Fail(CancelledBy(scope));
    return Future<ChildStarted>(started);
  }
  const uint32_t seq = ++child_seq_;
  const uint64_t key = scope->OnCancel([this, seq, raw = scope.get()] { Ask(CancelChild{seq, raw->reason()}); });
  started->set_label(internal::MakeLabel(absl::StrCat("child workflow ", ToAbsl(type), ", id ", options.workflow_id)));
  auto result = NewState<Payload>();
  result->set_label(started->label());
  children_.emplace(seq, PendingChild{started, std::move(result), scope, key});
  Ask(core::StartChild{seq, ChildCommand(type, options, std::move(input), info_), options.cancellation});
  return Future<ChildStarted>(started);
}

Future<Nothing> WorkflowInstance::SignalExternal(const internal::ExternalTarget& target, std::string_view signal,
                                                 Payloads input, const Scope& scope) {
  return SendSignal(target, signal, std::move(input), {}, scope);
}

Future<Nothing> WorkflowInstance::SendSignal(const internal::ExternalTarget& target, std::string_view signal,
                                             Payloads input, const PayloadMap& headers, const Scope& scope) {
  CheckMayChange("a signal to another workflow");
  auto state = NewState<Nothing>();
  if (scope->cancelled()) {
    state->Fail(CancelledBy(scope));
    return Future<Nothing>(state);
  }
  const uint32_t seq = ++signal_seq_;
  state->set_label(internal::MakeLabel(absl::StrCat("signal '", ToAbsl(signal), "' to workflow ", target.workflow_id)));
  const uint64_t key = scope->OnCancel([this, seq] { Ask(CancelSignalExternal{seq}); });
  signals_.emplace(seq, Pending<Nothing>{state, scope, key});
  Ask(core::SignalExternal{seq, SignalCommand(target, signal, std::move(input), headers)});
  return Future<Nothing>(state);
}

Future<Nothing> WorkflowInstance::CancelExternal(const internal::ExternalTarget& target, std::string_view reason) {
  CheckMayChange("the cancellation of another workflow");
  auto state = NewState<Nothing>();
  const uint32_t seq = ++cancel_seq_;
  state->set_label(internal::MakeLabel(absl::StrCat("cancellation of workflow ", target.workflow_id)));
  cancels_.emplace(seq, Pending<Nothing>{state, internal::CancelNode::Root(), 0});
  Ask(core::CancelExternal{seq, CancelExternalCommand(target, reason, info_)});
  return Future<Nothing>(state);
}

void WorkflowInstance::SetCurrentDetails(std::string_view details) {
  CheckMayChange("a change of the current details");
  current_details_ = details;
}

bool WorkflowInstance::Patched(std::string_view id, bool deprecated) {
  CheckMayChange("a patch");
  if (const auto answered = patched_.find(id); answered != patched_.end()) return answered->second;
  std::string key(id);
  const bool patched = !moment_.replaying || notified_patches_.contains(key);
  if (patched) Ask(SetPatch{key, deprecated});
  patched_.emplace(std::move(key), patched);
  return patched;
}

namespace {

// A null payload takes the field away.
void Merge(const PayloadMap& changes, PayloadMap& into) {
  for (const auto& [key, payload] : changes) {
    const auto encoding = payload.metadata().find("encoding");
    if (encoding != payload.metadata().end() && encoding->second == "binary/null") {
      into.erase(key);
    } else {
      into[key] = payload;
    }
  }
}

}  // namespace

void WorkflowInstance::UpsertMemo(const PayloadMap& fields) {
  CheckMayChange("an upsert");
  if (fields.empty()) throw std::invalid_argument("an upsert of nothing");
  Merge(fields, memo_);
  Ask(Record{MemoCommand(fields)});
}

void WorkflowInstance::UpsertSearchAttributes(const PayloadMap& fields) {
  CheckMayChange("an upsert");
  if (fields.empty()) throw std::invalid_argument("an upsert of nothing");
  Merge(fields, search_attributes_);
  Ask(Record{SearchAttributesCommand(fields)});
}

namespace {

std::string HandlerName(std::string_view name) {
  if (name.starts_with("__temporal_") || name == kStackTraceQuery.name || name == kEnhancedStackTraceQuery.name) {
    throw std::invalid_argument(absl::StrCat("the name '", ToAbsl(name), "' is Temporal's own"));
  }
  return std::string(name);
}

}  // namespace

void WorkflowInstance::SetSignalHandler(std::string_view name, SignalHandler handler, HandlerOptions options) {
  CheckMayChange("a signal handler");
  signal_handlers_[HandlerName(name)] = {std::make_shared<SignalHandler>(std::move(handler)), std::move(options)};
  for (SignalJob& signal : std::exchange(unhandled_signals_, {})) HandleSignal(signal);
}

void WorkflowInstance::SetUpdateHandler(std::string_view name, internal::UpdateHandler handler,
                                        HandlerOptions options) {
  CheckMayChange("an update handler");
  update_handlers_[HandlerName(name)] = {std::make_shared<internal::UpdateHandler>(std::move(handler)),
                                         std::move(options)};
  for (UpdateJob& update : std::exchange(unhandled_updates_, {})) Apply(update);
}

void WorkflowInstance::SetQueryHandler(std::string_view name, QueryHandler handler, HandlerOptions options) {
  CheckMayChange("a query handler");
  query_handlers_[HandlerName(name)] = {std::make_shared<QueryHandler>(std::move(handler)), std::move(options)};
}

}  // namespace temporal::core
