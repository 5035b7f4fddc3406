#pragma once

#include <string>

#include "temporal/workflow/context.h"
#include "temporal/workflow/interceptor.h"

namespace temporal {

inline constexpr char kHeader[] = "correlation-id";

// Carries the correlation id that a run was started with to everything the run does.
class Correlation : public WorkflowInterceptor {
 public:
  explicit Correlation(const Context& context) {
    const auto found = context.info().headers.find(kHeader);
    if (found != context.info().headers.end()) id_ = found->second;
  }

  Future<Payload> ExecuteActivity(ExecuteActivityInput input,
                                  Next<Future<Payload>, ExecuteActivityInput> next) override {
    input.options.headers[kHeader] = id_;
    return next(std::move(input));
  }
  Future<Payload> ExecuteLocalActivity(ExecuteLocalActivityInput input,
                                       Next<Future<Payload>, ExecuteLocalActivityInput> next) override {
    input.options.headers[kHeader] = id_;
    return next(std::move(input));
  }
  Future<StartedChild> StartChild(StartChildInput input, Next<Future<StartedChild>, StartChildInput> next) override {
    input.options.headers[kHeader] = id_;
    return next(std::move(input));
  }
  Future<Nothing> SignalExternal(SignalExternalInput input, Next<Future<Nothing>, SignalExternalInput> next) override {
    input.headers[kHeader] = id_;
    return next(std::move(input));
  }
  void ContinueAsNew(ContinueAsNewInput input, Next<void, ContinueAsNewInput> next) override {
    input.options.headers[kHeader] = id_;
    next(std::move(input));
  }

 private:
  Payload id_;
};

}  // namespace temporal
