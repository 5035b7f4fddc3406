#pragma once

#include <functional>
#include <memory>
#include <string>

#include "temporal/workflow/context.h"

namespace temporal {

// What passes through the interceptors of a run; each of them may change it on its way. Headers are encoded values
// beside the arguments: what the interceptors of one side add, those of the other side read. Those of activities,
// children and continue-as-new are in their options.
struct ExecuteWorkflowInput {
  ExecuteWorkflowInput() {}
  PayloadMap headers;
  Payloads input;
};
struct HandleSignalInput {
  HandleSignalInput() {}
  std::string name;
  PayloadMap headers;
  Payloads input;
};
struct HandleQueryInput {
  HandleQueryInput() {}
  std::string name;
  PayloadMap headers;
  Payloads input;
};
struct UpdateInput {
  UpdateInput() {}
  std::string id;
  std::string name;
  PayloadMap headers;
  Payloads input;
};
struct ExecuteActivityInput {
  ExecuteActivityInput() {}
  std::string type;
  ActivityOptions options;
  Payloads input;
};
struct ExecuteLocalActivityInput {
  ExecuteLocalActivityInput() {}
  std::string type;
  LocalActivityOptions options;
  Payloads input;
};
struct StartTimerInput {
  StartTimerInput() {}
  Duration duration{0};
  std::string summary;
};
struct StartChildInput {
  StartChildInput() {}
  std::string type;
  ChildOptions options;  // the workflow id is set
  Payloads input;
};
struct SignalExternalInput {
  SignalExternalInput() {}
  std::string workflow_id;
  std::string run_id;       // empty: the current run
  bool child_only = false;  // a signal to a child of this workflow
  std::string signal;
  PayloadMap headers;
  Payloads input;
};
struct CancelExternalInput {
  CancelExternalInput() {}
  std::string workflow_id;
  std::string run_id;  // empty: the current run
  std::string reason;
};
struct ContinueAsNewInput {
  ContinueAsNewInput() {}
  Payloads input;
  ContinueAsNewOptions options;
};

// Code around what happens to a workflow run (inbound) and what the run does (outbound). Each run has its own object,
// so that it may keep state. It is part of the workflow: it runs on replay too, and all that is said of workflow code
// (workflow/context.h) is true of it; a new one that adds steps needs a patch.
//
// Each function calls `next` at most once, at once or later (from a coroutine), and may change what goes in and what
// comes out. Those not overridden pass on.
class WorkflowInterceptor {
 public:
  template <class Result, class Input>
  using Next = std::function<Result(Input)>;

  virtual ~WorkflowInterceptor() = default;

  // --- inbound
  virtual Task<Payload> ExecuteWorkflow(ExecuteWorkflowInput input, Next<Task<Payload>, ExecuteWorkflowInput> next) {
    return next(std::move(input));
  }
  // As signals come, also those that wait for a handler. What it throws counts as thrown by the handler.
  virtual void HandleSignal(HandleSignalInput input, Next<void, HandleSignalInput> next) { next(std::move(input)); }
  // Must not change anything.
  virtual Payload HandleQuery(HandleQueryInput input, Next<Payload, HandleQueryInput> next) {
    return next(std::move(input));
  }
  // Before an update is accepted, also one without a validator; not on replay. Throws to reject; must not change
  // anything.
  virtual void ValidateUpdate(UpdateInput input, Next<void, UpdateInput> next) { next(std::move(input)); }
  virtual Task<Payload> ExecuteUpdate(UpdateInput input, Next<Task<Payload>, UpdateInput> next) {
    return next(std::move(input));
  }

  // --- outbound
  virtual Future<Payload> ExecuteActivity(ExecuteActivityInput input,
                                          Next<Future<Payload>, ExecuteActivityInput> next) {
    return next(std::move(input));
  }
  virtual Future<Payload> ExecuteLocalActivity(ExecuteLocalActivityInput input,
                                               Next<Future<Payload>, ExecuteLocalActivityInput> next) {
    return next(std::move(input));
  }
  virtual Future<Nothing> StartTimer(StartTimerInput input, Next<Future<Nothing>, StartTimerInput> next) {
    return next(std::move(input));
  }
  // Ready when the child has started; its result is a future in it.
  using StartedChild = internal::ChildStarted;
  virtual Future<StartedChild> StartChild(StartChildInput input, Next<Future<StartedChild>, StartChildInput> next) {
    return next(std::move(input));
  }
  virtual Future<Nothing> SignalExternal(SignalExternalInput input, Next<Future<Nothing>, SignalExternalInput> next) {
    return next(std::move(input));
  }
  virtual Future<Nothing> CancelExternal(CancelExternalInput input, Next<Future<Nothing>, CancelExternalInput> next) {
    return next(std::move(input));
  }
  // When the run ends so.
  virtual void ContinueAsNew(ContinueAsNewInput input, Next<void, ContinueAsNewInput> next) { next(std::move(input)); }
  virtual void UpsertMemo(PayloadMap fields, Next<void, PayloadMap> next) { next(std::move(fields)); }
  virtual void UpsertSearchAttributes(PayloadMap fields, Next<void, PayloadMap> next) { next(std::move(fields)); }
};

// Makes a run's interceptor, before its workflow object is made. `context` is the run's. Called from several threads.
using WorkflowInterceptorFactory = std::function<std::unique_ptr<WorkflowInterceptor>(const Context& context)>;

}  // namespace temporal
