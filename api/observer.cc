#include "api/observer.h"

#include "domain/status.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace gpuaas::api {

void ObserveRequest(const platform::RequestRecord& record) {
  using platform::Metrics;
  const std::string route(record.route.empty() ? "none" : record.route);
  const double seconds = std::chrono::duration<double>(record.took).count();
  // Only methods of known routes become labels: strangers choose the others.
  const std::string method(record.route.empty() ? "none" : record.method);
  Metrics::Global()
      .GetCounter("gpuaas_http_requests_total", "Requests answered.",
                  {{"method", method}, {"route", route}, {"status", std::to_string(record.status)}})
      .Increment();
  Metrics::Global()
      .GetHistogram("gpuaas_http_request_seconds", "Time until the answer was made.", {{"route", route}})
      .Observe(seconds);
  const bool probe = route.starts_with("/health") || route == "/metrics";
  const auto level = record.status >= 500 ? platform::LogLevel::kError
                     : probe              ? platform::LogLevel::kDebug
                                          : platform::LogLevel::kInfo;
  platform::CorrelationScope correlation(record.correlation_id);
  if (record.error != nullptr) {
    platform::Log(level, "request",
                  {{"method", record.method},
                   {"path", record.path},
                   {"status", record.status},
                   {"seconds", seconds},
                   {"code", InfoOf(ErrorCodeOf(*record.error)).name},
                   {"error", ToStd(record.error->message())}});
    return;
  }
  platform::Log(level, "request",
                {{"method", record.method}, {"path", record.path}, {"status", record.status}, {"seconds", seconds}});
}

}  // namespace gpuaas::api
