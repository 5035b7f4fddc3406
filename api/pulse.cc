#include "api/pulse.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/http_client/http_client.h"
#include "platform/log/log.h"
#include "platform/postgres/database.h"
#include "stores/nodes/heartbeats.h"

namespace gpuaas::api {
namespace {

// Together below the gap that breaks a pulse.
constexpr std::chrono::seconds kPeriod{5};
constexpr std::chrono::seconds kBound{4};

}  // namespace

Hears ThroughEdge(const std::string& agent_url, const std::string& ca_file) {
  platform::HttpClientOptions options;
  options.ca_file = ca_file;
  options.keep_alive = std::chrono::seconds(0);  // an agent that begins has no connection either
  options.proxy_from_environment = false;
  return [client = std::make_shared<platform::HttpClient>(std::move(options)),
          url = agent_url + "/health/live"](const std::stop_token& stop) {
    platform::HttpRequest request;
    request.url = url;
    request.timeout = kBound;
    request.stop = stop;
    const platform::HttpResult answer = client->Send(request);
    if (!answer.ok()) return MakeError(ErrorCode::kUnavailable, answer.error().message);
    if (answer->status == 200) return absl::OkStatus();
    return MakeError(ErrorCode::kUnavailable, "the edge answers " + std::to_string(answer->status));
  };
}

absl::Status Pulse::Beat(platform::Database& database, const platform::Clock& clock, const Hears& hears,
                         const std::stop_token& stop) {
  GPUAAS_RETURN_IF_ERROR(hears(stop));
  return database.Transact(platform::SystemScope(),
                           [&](platform::Transaction& tx) { return stores::RecordPulse(tx, "api", clock.Now()); });
}

Pulse::Pulse(platform::Database& database, const platform::Clock& clock, Hears hears)
    : thread_([&database, &clock, hears = std::move(hears)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any changed;
        std::unique_lock lock(mutex);
        bool beats = true;
        do {
          const absl::Status status = Beat(database, clock, hears, stop);
          if (!status.ok() && beats) platform::LogWarning("no pulse", {{"error", ToStd(status.message())}});
          beats = status.ok();
        } while (!changed.wait_for(lock, stop, kPeriod, [&] { return stop.stop_requested(); }));
      }) {}

}  // namespace gpuaas::api
