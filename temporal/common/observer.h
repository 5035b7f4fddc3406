#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "temporal/common/time.h"

namespace temporal {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Where the SDK reports what it does. Implementations must be thread-safe and must not block. Metric names are those of
// the Go SDK (temporal_activity_execution_failed, ...). Nothing reported ever contains a payload.
class Observer {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  virtual ~Observer() = default;
  virtual void Count(std::string_view metric, Labels labels, double delta) {}
  virtual void Gauge(std::string_view metric, Labels labels, double value) {}
  virtual void Latency(std::string_view metric, Labels labels, Duration value) {}
  virtual void Log(LogLevel level, std::string_view message) {}
};

// An observer that drops everything.
Observer& SilentObserver();

}  // namespace temporal
