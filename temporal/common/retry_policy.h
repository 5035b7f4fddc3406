#pragma once

#include <string>
#include <vector>

#include "temporal/common/time.h"

namespace temporal {

// How the server retries an activity or a workflow. The defaults are the server's.
struct RetryPolicy {
  RetryPolicy() {}  // Not an aggregate: g++ 12 corrupts aggregate temporaries in co_await expressions.

  Duration initial_interval = std::chrono::seconds(1);
  double backoff_coefficient = 2.0;
  Duration maximum_interval{0};  // 0: 100 x initial_interval
  int maximum_attempts = 0;      // 0: without end, 1: no retry
  std::vector<std::string> non_retryable_error_types;

  RetryPolicy& WithInitialInterval(Duration d) {
    initial_interval = d;
    return *this;
  }
  RetryPolicy& WithBackoff(double coefficient) {
    backoff_coefficient = coefficient;
    return *this;
  }
  RetryPolicy& WithMaximumInterval(Duration d) {
    maximum_interval = d;
    return *this;
  }
  RetryPolicy& WithMaximumAttempts(int n) {
    maximum_attempts = n;
    return *this;
  }
  RetryPolicy& WithNonRetryable(std::string type) {
    non_retryable_error_types.push_back(std::move(type));
    return *this;
  }
};

}  // namespace temporal
