#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "temporal/workflow/future.h"
#include "temporal/workflow/internal/convert.h"
#include "temporal/workflow/internal/runtime.h"

namespace temporal {

// Another workflow, by id. Copyable handle.
class ExternalWorkflow {
 public:
  ExternalWorkflow(internal::Runtime& runtime, internal::Scope scope, internal::ExternalTarget target)
      : runtime_(&runtime), scope_(std::move(scope)), target_(std::move(target)) {}

  // Ready when the server has delivered the signal. ApplicationFailure "ExternalWorkflowNotFound" if there is no such
  // run.
  template <class Argument>
  Future<Nothing> Signal(const SignalRef<Argument>& signal, const std::type_identity_t<Argument>& argument) const {
    return runtime_->SignalExternal(target_, signal.name, internal::EncodeArguments(argument), scope_);
  }
  // Ready when the server has delivered the request. The same failure.
  Future<Nothing> Cancel(std::string_view reason = {}) const { return runtime_->CancelExternal(target_, reason); }
  const std::string& workflow_id() const { return target_.workflow_id; }

 private:
  internal::Runtime* runtime_;
  internal::Scope scope_;
  internal::ExternalTarget target_;
};

// A child workflow that has started. Copyable handle.
template <class ResultType>
class ChildHandle {
 public:
  ChildHandle(ExternalWorkflow workflow, std::string run_id, Future<ResultType> result)
      : workflow_(std::move(workflow)), run_id_(std::move(run_id)), result_(std::move(result)) {}

  const std::string& workflow_id() const { return workflow_.workflow_id(); }
  const std::string& run_id() const { return run_id_; }
  // Ready when the child has ended. Throws ChildWorkflowError.
  const Future<ResultType>& Result() const { return result_; }
  template <class Argument>
  Future<Nothing> Signal(const SignalRef<Argument>& signal, const std::type_identity_t<Argument>& argument) const {
    return workflow_.Signal(signal, argument);
  }

 private:
  ExternalWorkflow workflow_;
  std::string run_id_;
  Future<ResultType> result_;
};

}  // namespace temporal
