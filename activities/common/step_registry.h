#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "temporal/activity/registry.h"
#include "temporal/workflow/options.h"

namespace gpuaas::activities {

// The worker's activities together with how their steps are retried, which the record of attempts shows.
class StepRegistry {
 public:
  // `function` is called as absl::StatusOr<Result>(const Request&), from several threads at once.
  template <class Request, class Result, class F>
  void Add(const temporal::Step<Request, Result>& step, F function) {
    AddWithContext(step, [function = std::move(function)](temporal::ActivityContext&, const Request& request) {
      return function(request);
    });
  }

  // As absl::StatusOr<Result>(ActivityContext&, const Request&).
  template <class Request, class Result, class F>
  void AddWithContext(const temporal::Step<Request, Result>& step, F function) {
    activities_.Add(static_cast<const temporal::ActivityRef<Request, Result>&>(step), std::move(function));
    retries_[std::string(step.name)] = step.options.retry_policy.value_or(temporal::RetryPolicy());
  }

  const temporal::ActivityRegistry& activities() const { return activities_; }

  // Pause after the given failed attempt of a step, as the server computes it.
  temporal::Duration PauseAfter(const std::string& step, int attempt) const;

 private:
  temporal::ActivityRegistry activities_;
  std::map<std::string, temporal::RetryPolicy> retries_;
};

}  // namespace gpuaas::activities
