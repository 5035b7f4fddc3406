#include "activities/common/step_registry.h"

#include <algorithm>
#include <cmath>

namespace gpuaas::activities {

temporal::Duration StepRegistry::PauseAfter(const std::string& step, int attempt) const {
  const auto found = retries_.find(step);
  const temporal::RetryPolicy policy = found == retries_.end() ? temporal::RetryPolicy() : found->second;
  const temporal::Duration longest =
      policy.maximum_interval.count() > 0 ? policy.maximum_interval : policy.initial_interval * 100;
  const double pause = static_cast<double>(policy.initial_interval.count()) *
                       std::pow(policy.backoff_coefficient, std::min(attempt, 64) - 1);
  return pause >= static_cast<double>(longest.count()) ? longest : temporal::Duration(static_cast<long>(pause));
}

}  // namespace gpuaas::activities
