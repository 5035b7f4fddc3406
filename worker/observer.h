#pragma once

#include "temporal/common/observer.h"

namespace gpuaas::worker {

// The SDK's counts, gauges and latencies in the process's metrics, its messages in the log.
class PlatformObserver final : public temporal::Observer {
 public:
  void Count(std::string_view metric, Labels labels, double delta) override;
  void Gauge(std::string_view metric, Labels labels, double value) override;
  void Latency(std::string_view metric, Labels labels, temporal::Duration value) override;
  void Log(temporal::LogLevel level, std::string_view message) override;
};

}  // namespace gpuaas::worker
