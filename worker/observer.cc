#include "worker/observer.h"

#include <chrono>

#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace gpuaas::worker {
namespace {

platform::Labels LabelsOf(temporal::Observer::Labels labels) {
  platform::Labels result;
  for (const auto& [name, value] : labels) result.emplace_back(name, value);
  return result;
}

constexpr char kHelp[] = "Of the Temporal SDK.";

}  // namespace

void PlatformObserver::Count(std::string_view metric, Labels labels, double delta) {
  platform::Metrics::Global().GetCounter(metric, kHelp, LabelsOf(labels)).Increment(static_cast<std::uint64_t>(delta));
}

void PlatformObserver::Gauge(std::string_view metric, Labels labels, double value) {
  platform::Metrics::Global().GetGauge(metric, kHelp, LabelsOf(labels)).Set(value);
}

void PlatformObserver::Latency(std::string_view metric, Labels labels, temporal::Duration value) {
  platform::Metrics::Global()
      .GetHistogram(metric, kHelp, LabelsOf(labels))
      .Observe(std::chrono::duration<double>(value).count());
}

void PlatformObserver::Log(temporal::LogLevel level, std::string_view message) {
  constexpr platform::LogLevel kLevels[] = {platform::LogLevel::kDebug, platform::LogLevel::kInfo,
                                            platform::LogLevel::kWarning, platform::LogLevel::kError};
  platform::Log(kLevels[static_cast<int>(level)], message);
}

}  // namespace gpuaas::worker
