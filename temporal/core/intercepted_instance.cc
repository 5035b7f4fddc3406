#include "temporal/core/intercepted_instance.h"

#include <utility>

namespace temporal::core {

namespace {

UpdateInput InputOf(const UpdateJob& job) {
  UpdateInput input;
  input.id = job.id;
  input.name = job.name;
  input.headers = {job.header.fields().begin(), job.header.fields().end()};
  input.input = job.input;
  return input;
}

}  // namespace

template <class Result, class Input>
Result InterceptedInstance::Through(Result (WorkflowInterceptor::*function)(Input,
                                                                            WorkflowInterceptor::Next<Result, Input>),
                                    std::type_identity_t<Input> input,
                                    std::type_identity_t<WorkflowInterceptor::Next<Result, Input>> last, size_t depth) {
  if (depth == interceptors_.size()) return last(std::move(input));
  WorkflowInterceptor& interceptor = *interceptors_[depth];
  return (interceptor.*function)(std::move(input), [this, function, last = std::move(last), depth](Input changed) {
    return Through<Result, Input>(function, std::move(changed), last, depth + 1);
  });
}

// --- inbound

void InterceptedInstance::MakeObject() {
  const Context context = RootContext();
  for (const WorkflowInterceptorFactory& factory : factories_) interceptors_.push_back(factory(context));
  WorkflowInstance::MakeObject();
}

Task<Payload> InterceptedInstance::RunObject(Payloads input) {
  ExecuteWorkflowInput run;
  run.headers = info().headers;
  run.input = std::move(input);
  return Through(&WorkflowInterceptor::ExecuteWorkflow, std::move(run),
                 [this](ExecuteWorkflowInput last) { return WorkflowInstance::RunObject(std::move(last.input)); });
}

void InterceptedInstance::SignalArrived(SignalJob job) {
  HandleSignalInput signal;
  signal.name = std::move(job.name);
  signal.headers = {job.header.fields().begin(), job.header.fields().end()};
  signal.input = std::move(job.input);
  try {
    Through(&WorkflowInterceptor::HandleSignal, std::move(signal), [this](HandleSignalInput last) {
      SignalJob changed;
      changed.name = std::move(last.name);
      changed.input = std::move(last.input);
      WorkflowInstance::SignalArrived(std::move(changed));
    });
  } catch (...) {
    HandlerFailed(std::current_exception());
  }
}

Payload InterceptedInstance::Answer(const QueryHandler& handler, const WorkflowQuery& query) {
  HandleQueryInput input;
  input.name = query.query_type();
  input.headers = {query.header().fields().begin(), query.header().fields().end()};
  input.input = query.query_args();
  return Through(&WorkflowInterceptor::HandleQuery, std::move(input),
                 [&handler](HandleQueryInput last) { return handler(last.input); });
}

void InterceptedInstance::Validate(const internal::UpdateHandler& handler, const UpdateJob& job) {
  Through(&WorkflowInterceptor::ValidateUpdate, InputOf(job),
          [&handler](UpdateInput last) { handler.validate(last.input); });
}

Task<Payload> InterceptedInstance::RunUpdate(const internal::UpdateHandler& handler, const UpdateJob& job) {
  return Through(&WorkflowInterceptor::ExecuteUpdate, InputOf(job),
                 [&handler](UpdateInput last) { return handler.run(last.input); });
}

// --- outbound

Future<Payload> InterceptedInstance::ExecuteActivity(std::string_view type, const ActivityOptions& options,
                                                     Payloads input, const internal::Scope& scope) {
  ExecuteActivityInput step;
  step.type = type;
  step.options = options;
  step.input = std::move(input);
  return Through(&WorkflowInterceptor::ExecuteActivity, std::move(step), [this, scope](ExecuteActivityInput last) {
    return WorkflowInstance::ExecuteActivity(last.type, last.options, std::move(last.input), scope);
  });
}

Future<Payload> InterceptedInstance::ExecuteLocalActivity(std::string_view type, const LocalActivityOptions& options,
                                                          Payloads input, const internal::Scope& scope) {
  ExecuteLocalActivityInput step;
  step.type = type;
  step.options = options;
  step.input = std::move(input);
  return Through(&WorkflowInterceptor::ExecuteLocalActivity, std::move(step),
                 [this, scope](ExecuteLocalActivityInput last) {
                   return WorkflowInstance::ExecuteLocalActivity(last.type, last.options, std::move(last.input), scope);
                 });
}

Future<Nothing> InterceptedInstance::StartTimer(Duration duration, const internal::Scope& scope,
                                                std::string_view summary) {
  StartTimerInput step;
  step.duration = duration;
  step.summary = summary;
  return Through(&WorkflowInterceptor::StartTimer, std::move(step), [this, scope](StartTimerInput last) {
    return WorkflowInstance::StartTimer(last.duration, scope, last.summary);
  });
}

Future<internal::ChildStarted> InterceptedInstance::StartChild(std::string_view type, const ChildOptions& options,
                                                               Payloads input, const internal::Scope& scope) {
  StartChildInput step;
  step.type = type;
  step.options = options;
  step.input = std::move(input);
  return Through(&WorkflowInterceptor::StartChild, std::move(step), [this, scope](StartChildInput last) {
    return WorkflowInstance::StartChild(last.type, last.options, std::move(last.input), scope);
  });
}

Future<Nothing> InterceptedInstance::SignalExternal(const internal::ExternalTarget& target, std::string_view signal,
                                                    Payloads input, const internal::Scope& scope) {
  SignalExternalInput step;
  step.workflow_id = target.workflow_id;
  step.run_id = target.run_id;
  step.child_only = target.child_only;
  step.signal = signal;
  step.input = std::move(input);
  return Through(&WorkflowInterceptor::SignalExternal, std::move(step), [this, scope](SignalExternalInput last) {
    const internal::ExternalTarget to{last.workflow_id, last.run_id, last.child_only};
    return SendSignal(to, last.signal, std::move(last.input), last.headers, scope);
  });
}

Future<Nothing> InterceptedInstance::CancelExternal(const internal::ExternalTarget& target, std::string_view reason) {
  CancelExternalInput step;
  step.workflow_id = target.workflow_id;
  step.run_id = target.run_id;
  step.reason = reason;
  return Through(&WorkflowInterceptor::CancelExternal, std::move(step),
                 [this, child_only = target.child_only](CancelExternalInput last) {
                   return WorkflowInstance::CancelExternal({last.workflow_id, last.run_id, child_only}, last.reason);
                 });
}

void InterceptedInstance::ContinueAsNew(const internal::ContinueAsNewRequest& request) {
  ContinueAsNewInput step;
  step.input = request.input;
  step.options = request.options;
  Through(&WorkflowInterceptor::ContinueAsNew, std::move(step), [this](ContinueAsNewInput last) {
    WorkflowInstance::ContinueAsNew({std::move(last.input), std::move(last.options)});
  });
}

void InterceptedInstance::UpsertMemo(const PayloadMap& fields) {
  Through(&WorkflowInterceptor::UpsertMemo, fields,
          [this](const PayloadMap& last) { WorkflowInstance::UpsertMemo(last); });
}

void InterceptedInstance::UpsertSearchAttributes(const PayloadMap& fields) {
  Through(&WorkflowInterceptor::UpsertSearchAttributes, fields,
          [this](const PayloadMap& last) { WorkflowInstance::UpsertSearchAttributes(last); });
}

}  // namespace temporal::core
