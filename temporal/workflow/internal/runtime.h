#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "temporal/common/observer.h"
#include "temporal/workflow/future.h"
#include "temporal/workflow/info.h"
#include "temporal/workflow/internal/cancel_node.h"
#include "temporal/workflow/options.h"
#include "temporal/workflow/task.h"

namespace temporal::internal {

// Where a signal or a cancellation request goes.
struct ExternalTarget {
  std::string workflow_id;
  std::string run_id;  // empty: the current run
  bool child_only = false;
};

// Thrown by Context::ContinueAsNew; not a std::exception, so that a handler for errors does not swallow it.
struct ContinueAsNewRequest {
  Payloads input;
  ContinueAsNewOptions options;
};

struct ChildStarted {
  std::string run_id;
  Future<Payload> result;
};

// What handles an update, types erased. Both throw what the author's code throws.
struct UpdateHandler {
  std::function<void(const Payloads&)> validate;  // also refuses an argument that does not fit
  std::function<Task<Payload>(const Payloads&)> run;
};

// What a Context needs of the engine, with types erased. Implemented by core::WorkflowInstance. Steps are bound to the
// scope they are given: its cancellation cancels them.
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Scheduler& scheduler() = 0;
  virtual const WorkflowInfo& info() const = 0;
  virtual Time now() const = 0;
  virtual bool replaying() const = 0;
  virtual int64_t history_length() const = 0;
  virtual int64_t history_bytes() const = 0;
  virtual bool continue_as_new_suggested() const = 0;
  // Throws ReadOnlyViolation where the code may only look; `what` it must not do.
  virtual void CheckMayChange(const char* what) const = 0;
  // Asks a condition, which may only look.
  virtual bool Holds(const std::function<bool()>& predicate) = 0;
  virtual const std::vector<ContinueAsNewReason>& continue_as_new_reasons() const = 0;
  virtual const WorkerDeploymentVersion& current_deployment_version() const = 0;
  virtual bool target_deployment_version_changed() const = 0;
  virtual uint64_t Random() = 0;
  virtual void Log(LogLevel level, std::string_view message) = 0;

  virtual Future<Payload> ExecuteActivity(std::string_view type, const ActivityOptions& options, Payloads input,
                                          const Scope& scope) = 0;
  virtual Future<Payload> ExecuteLocalActivity(std::string_view type, const LocalActivityOptions& options,
                                               Payloads input, const Scope& scope) = 0;
  virtual Future<Nothing> StartTimer(Duration duration, const Scope& scope, std::string_view summary) = 0;
  virtual Future<Nothing> AddCondition(std::function<bool()> predicate, const Scope& scope) = 0;
  // `workflow_id` is in options, never empty here.
  virtual Future<ChildStarted> StartChild(std::string_view type, const ChildOptions& options, Payloads input,
                                          const Scope& scope) = 0;
  virtual Future<Nothing> SignalExternal(const ExternalTarget& target, std::string_view signal, Payloads input,
                                         const Scope& scope) = 0;
  virtual Future<Nothing> CancelExternal(const ExternalTarget& target, std::string_view reason) = 0;
  virtual bool Patched(std::string_view id, bool deprecated) = 0;
  virtual void UpsertMemo(const PayloadMap& fields) = 0;
  virtual void UpsertSearchAttributes(const PayloadMap& fields) = 0;

  // Signals that arrived before are handed over at once, in order.
  virtual void SetSignalHandler(std::string_view name, std::function<void(const Payloads&)> handler,
                                HandlerOptions options) = 0;
  virtual void SetQueryHandler(std::string_view name, std::function<Payload(const Payloads&)> handler,
                               HandlerOptions options) = 0;
  // Updates that wait for this handler are handed over.
  virtual void SetUpdateHandler(std::string_view name, UpdateHandler handler, HandlerOptions options) = 0;
  // Coroutines that handle a signal or an update count while they last.
  virtual void CountHandler(int change) = 0;
  virtual bool all_handlers_finished() const = 0;
  // An exception that leaves a signal handler ends up here: it fails the workflow or the task, like one out of Run.
  virtual void HandlerFailed(std::exception_ptr error) = 0;

  virtual void SetCurrentDetails(std::string_view details) = 0;
  virtual const std::string& current_details() const = 0;
  virtual PayloadMap CurrentMemo() const = 0;
  virtual PayloadMap CurrentSearchAttributes() const = 0;
};

// A parameter of such a coroutine, so that it counts before it first runs.
class HandlerInProgress {
 public:
  explicit HandlerInProgress(Runtime& runtime) : runtime_(&runtime) { runtime_->CountHandler(1); }
  HandlerInProgress(HandlerInProgress&& other) noexcept : runtime_(std::exchange(other.runtime_, nullptr)) {}
  HandlerInProgress& operator=(HandlerInProgress&&) = delete;
  ~HandlerInProgress() {
    if (runtime_ != nullptr) runtime_->CountHandler(-1);
  }

 private:
  Runtime* runtime_;
};

}  // namespace temporal::internal
