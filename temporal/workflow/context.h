#pragma once

#include <cstdint>
#include <functional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "temporal/workflow/child.h"
#include "temporal/workflow/errors.h"
#include "temporal/workflow/future.h"
#include "temporal/workflow/info.h"
#include "temporal/workflow/internal/convert.h"
#include "temporal/workflow/internal/runtime.h"
#include "temporal/workflow/internal/spawn.h"
#include "temporal/workflow/options.h"
#include "temporal/workflow/select.h"
#include "temporal/workflow/task.h"

namespace temporal {

class CancellationScope;

namespace internal {

// The validator of an update that has none.
struct AcceptAll {
  template <class Argument>
  void operator()(const Argument&) const {}
};

}  // namespace internal

// A workflow's only door to the world: everything a workflow does goes through it, so that it can be replayed. A cheap
// handle, passed by value; it carries the cancellation scope that its steps belong to. Used on the run's own thread
// only.
//
// Steps start when they are called, not when they are awaited. In a query handler, in the validator of an update, and
// in a condition, everything that would change the workflow throws.
class Context {
 public:
  Context(internal::Runtime& runtime, internal::Scope scope) : runtime_(&runtime), scope_(std::move(scope)) {}

  // Runs an activity. Throws ActivityError (with cause, type, retry state) if it fails for good or is cancelled,
  // CancelledError if the scope was cancelled before the call.
  template <class Request, class Result>
  Future<Result> Execute(const Step<Request, Result>& step, const std::type_identity_t<Request>& request) const {
    return Execute(static_cast<const ActivityRef<Request, Result>&>(step), request, step.options);
  }
  template <class Request, class Result>
  Future<Result> Execute(const ActivityRef<Request, Result>& activity, const std::type_identity_t<Request>& request,
                         const ActivityOptions& options) const {
    return internal::Decoded<Result>(
        runtime_->ExecuteActivity(activity.name, options, internal::EncodeArguments(request), scope_));
  }
  template <class Result>
  Future<Result> Execute(const Step<Nothing, Result>& step) const {
    return Execute(step, Nothing{});
  }

  // Runs a short activity inside this worker, without a task of the server: quicker and cheaper, but the workflow task
  // stays open until it has ended, and it is run again if the worker dies meanwhile. Throws as Execute does.
  template <class Request, class Result>
  Future<Result> ExecuteLocal(const ActivityRef<Request, Result>& activity,
                              const std::type_identity_t<Request>& request, const LocalActivityOptions& options) const {
    return internal::Decoded<Result>(
        runtime_->ExecuteLocalActivity(activity.name, options, internal::EncodeArguments(request), scope_));
  }

  // Durable timer. CancelledError if the scope is cancelled first. Zero or negative is ready at once. `summary`, of one
  // line, is shown beside it in Temporal's UI.
  Future<Nothing> Sleep(Duration duration, std::string_view summary = {}) const;

  // Ready once `predicate` holds; it is asked after each batch of progress of this workflow, and must be pure.
  Future<Nothing> Until(std::function<bool()> predicate) const;
  // True when `predicate` came to hold within `limit`, false when the time was up. A signal that is there when the time
  // is up, because no worker took it before, came within it.
  Future<bool> UntilFor(std::function<bool()> predicate, Duration limit, std::string_view summary = {}) const;

  // Runs a coroutine beside this one. If nobody awaits the future, its failure is dropped.
  template <class T>
  Future<T> Spawn(Task<T> task, std::source_location where = std::source_location::current()) const {
    runtime_->CheckMayChange("a coroutine");
    return internal::Spawn(runtime_->scheduler(), std::move(task),
                           "a coroutine spawned at " + internal::FileAndLine(where));
  }

  // --- cancellation
  bool cancelled() const { return scope_->cancelled(); }
  // Ready when the scope is cancelled, with the reason; does not throw. For AnyOf.
  Future<std::string> Cancelled() const;
  void ThrowIfCancelled() const;
  // A scope inside this one, to cancel a part of the work.
  CancellationScope NewScope() const;
  // Steps through it go on although this scope is cancelled: for clean-up.
  Context Shielded() const { return Context(*runtime_, internal::CancelNode::Root()); }

  // --- child workflows, other workflows
  // Ready when the child has ended. Throws ChildWorkflowError.
  template <class Request, class Result>
  Future<Result> ExecuteChild(const WorkflowRef<Request, Result>& workflow,
                              const std::type_identity_t<Request>& request, const ChildOptions& options = {}) const;
  // Ready when the child has started. Throws ChildWorkflowError, with an ApplicationFailure of type
  // "WorkflowAlreadyStarted" as cause if there is a running one of that id.
  template <class Request, class Result>
  Future<ChildHandle<Result>> StartChild(const WorkflowRef<Request, Result>& workflow,
                                         const std::type_identity_t<Request>& request,
                                         const ChildOptions& options = {}) const;
  // `run_id` empty: whichever run is current.
  ExternalWorkflow External(std::string_view workflow_id, std::string_view run_id = {}) const;

  // --- ends
  // Closes this run and starts the next with `request`. Call it in Run or a signal handler, not in that of an update;
  // does not return. Handlers under way end with the run: wait for AllHandlersFinished() first.
  template <class Request>
  [[noreturn]] void ContinueAsNew(const Request& request, ContinueAsNewOptions options = {}) const {
    throw internal::ContinueAsNewRequest{internal::EncodeArguments(request), std::move(options)};
  }

  // --- facts
  const WorkflowInfo& info() const { return runtime_->info(); }
  // Time of the current workflow task: stands still between two awaits that had to wait.
  Time Now() const { return runtime_->now(); }
  bool replaying() const { return runtime_->replaying(); }
  // Events, and bytes, in the history up to the current workflow task.
  int64_t history_length() const { return runtime_->history_length(); }
  int64_t history_bytes() const { return runtime_->history_bytes(); }
  // The server thinks the history has grown long enough.
  bool continue_as_new_suggested() const { return runtime_->continue_as_new_suggested(); }
  // Why; empty on servers that do not say.
  const std::vector<ContinueAsNewReason>& continue_as_new_reasons() const {
    return runtime_->continue_as_new_reasons();
  }
  // The version of the worker that runs, or ran, the current workflow task: on replay that of the worker of then, in a
  // query that of the last task. The name is empty for workers with a build id only, all of it for those without. The
  // code may branch on it.
  const WorkerDeploymentVersion& current_deployment_version() const { return runtime_->current_deployment_version(); }
  // Another version would get this run if it began now: time for a pinned one to continue as new
  // (ContinueAsNewOptions::initial_versioning_behavior). False on servers that do not say.
  bool target_deployment_version_changed() const { return runtime_->target_deployment_version_changed(); }

  // --- deterministic randomness, not for secrets
  uint64_t Random() const { return runtime_->Random(); }
  // In [0, 1).
  double RandomFraction() const;
  // In [low, high], both included.
  int64_t RandomBetween(int64_t low, int64_t high) const;
  // A version-4 UUID.
  std::string Uuid() const;

  // --- changing the code of running workflows
  // True in runs that reached this call with this code, false when replaying a history recorded before.
  bool Patched(std::string_view id) const { return runtime_->Patched(id, /*deprecated=*/false); }
  // Replaces Patched once no run without it is left; remove it when no run with the old marker is left.
  void DeprecatePatch(std::string_view id) const { runtime_->Patched(id, /*deprecated=*/true); }

  // --- metadata
  template <class T>
  void UpsertMemo(std::string_view key, const T& value) const {
    runtime_->UpsertMemo({{std::string(key), internal::EncodeValue(value)}});
  }
  void UpsertMemo(const PayloadMap& fields) const { runtime_->UpsertMemo(fields); }
  // The server has to know the attribute; its type is taken from the server's registration.
  template <class T>
  void UpsertSearchAttribute(std::string_view key, const T& value) const {
    runtime_->UpsertSearchAttributes({{std::string(key), internal::EncodeValue(value)}});
  }
  void UpsertSearchAttributes(const PayloadMap& fields) const { runtime_->UpsertSearchAttributes(fields); }
  // Memo and search attributes with this run's changes.
  PayloadMap memo() const { return runtime_->CurrentMemo(); }
  PayloadMap search_attributes() const { return runtime_->CurrentSearchAttributes(); }

  // What this run is about now, in several lines of Markdown, for people: part of what it answers to
  // kWorkflowMetadataQuery (common/builtin_queries.h), shown in Temporal's UI. Costs nothing, and is not in the
  // history.
  void SetCurrentDetails(std::string_view details) const { runtime_->SetCurrentDetails(details); }
  const std::string& current_details() const { return runtime_->current_details(); }

  // --- handlers; the registry installs those of a workflow class
  // Names that begin with "__temporal_", and those of common/builtin_queries.h, are taken: std::invalid_argument.
  // `handler` is called as void(Argument) or Task<void>(Argument), or without argument. Its failure is the workflow's.
  // A signal whose payload does not fit is dropped with a warning.
  template <class Argument, class F>
  void HandleSignal(const SignalRef<Argument>& signal, F handler, HandlerOptions options = {}) const;
  // `handler` is called as Result(Argument), and must not change anything.
  template <class Argument, class Result, class F>
  void HandleQuery(const QueryRef<Argument, Result>& query, F handler, HandlerOptions options = {}) const;

  // `handler` is called as Result(Argument) or Task<Result>(Argument), or without argument; its WorkflowFailure is the
  // update's, any other exception fails the workflow task. `validator` is called as void(Argument) before the update
  // is accepted: what it throws rejects the update, which then leaves no trace in the history. It must not change
  // anything, and does not run on replay. An update without a handler when the code has come to rest is rejected.
  template <class Argument, class Result, class F, class V = internal::AcceptAll>
  void HandleUpdate(const UpdateRef<Argument, Result>& update, F handler, V validator = {},
                    HandlerOptions options = {}) const;
  template <class Argument, class Result, class F>
  void HandleUpdate(const UpdateRef<Argument, Result>& update, F handler, HandlerOptions options) const {
    HandleUpdate(update, std::move(handler), internal::AcceptAll(), std::move(options));
  }
  // No coroutine that handles a signal or an update is under way. To wait for it:
  // `co_await ctx.Until([&] { return ctx.AllHandlersFinished(); })`.
  bool AllHandlersFinished() const { return runtime_->all_handlers_finished(); }

  // Logs to the worker's observer; silent while replaying. No secrets.
  void Log(LogLevel level, std::string_view message) const { runtime_->Log(level, message); }

  // For the SDK's own parts.
  internal::Runtime& runtime() const { return *runtime_; }
  const internal::Scope& scope() const { return scope_; }

 private:
  internal::Runtime* runtime_;
  internal::Scope scope_;
};

// A part of the work that can be cancelled on its own; cancelled with its parent. Destroying it cancels nothing.
class CancellationScope {
 public:
  explicit CancellationScope(Context context) : context_(std::move(context)) {}
  // Steps through this context belong to the scope.
  const Context& context() const { return context_; }
  void Cancel(std::string_view reason = {}) const {
    context_.runtime().CheckMayChange("the cancellation of a scope");
    context_.scope()->Cancel(std::string(reason));
  }

 private:
  Context context_;
};

}  // namespace temporal

#include "temporal/workflow/internal/context_impl.h"
