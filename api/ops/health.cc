#include "api/ops/health.h"

#include "domain/status.h"
#include "platform/postgres/database.h"
#include "platform/vault/vault.h"
#include "temporal/client/client.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kPeriod{2};
constexpr std::chrono::seconds kFirst{1};
constexpr std::chrono::seconds kTooOld{20};  // longer than any check may take
constexpr char kVersion[] = "0.1.0";

const char* Word(const absl::Status& status) { return status.ok() ? "healthy" : "unhealthy"; }

}  // namespace

Probe::Result Probe::Latest() {
  std::unique_lock lock(mutex_);
  if (!thread_) {
    found_at_ = Clock::now();
    thread_.emplace([this](const std::stop_token& stop) { Run(stop); });
  }
  changed_.wait_until(lock, found_at_ + kFirst, [this] { return latest_.has_value(); });
  const auto age = std::chrono::floor<std::chrono::seconds>(Clock::now() - found_at_);
  if (!latest_) return {MakeError(ErrorCode::kUnavailable, "has not answered yet"), age};
  if (age > kTooOld) return {MakeError(ErrorCode::kDeadlineExceeded, "does not answer"), age};
  return {*latest_, age};
}

void Probe::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    absl::Status found = check_();
    std::unique_lock lock(mutex_);
    latest_ = std::move(found);
    found_at_ = Clock::now();
    changed_.notify_all();
    changed_.wait_for(lock, stop, kPeriod, [] { return false; });
  }
}

HealthChecks::HealthChecks(Services& services) : services_(services) {
  probes_.try_emplace("database", [&services] { return services.database.Ping(); });
  probes_.try_emplace("workflow_service", [&services] { return services.temporal.Ping().status(); });
  probes_.try_emplace("secret_store", [&services] { return services.vault.Check(); });
}

HealthChecks::Results HealthChecks::Latest() {
  Results results;
  for (auto& [name, probe] : probes_) results.emplace(name, probe.Latest());
  return results;
}

bool HealthChecks::IsReady() { return !draining() && services_.database.Ping().ok(); }

Json ComponentsJson(const HealthChecks::Results& components) {
  Json json = Json::object();
  for (const auto& [name, result] : components) {
    const absl::Status& status = result.status;
    json[name] = {{"status", status.ok() ? "ok" : "unavailable"}, {"age_seconds", result.age.count()}};
    // The meaning of the code: the message may name addresses that are nobody's business.
    if (!status.ok()) json[name]["message"] = InfoOf(ErrorCodeOf(status)).meaning;
  }
  return json;
}

absl::StatusOr<platform::Response> Health(HealthChecks& checks, const Call& call) {
  const auto components = checks.Latest();
  bool healthy = !checks.draining();
  for (const auto& [name, result] : components) healthy = healthy && result.status.ok();
  return JsonResponse(healthy ? 200 : 503, {{"status", healthy ? "healthy" : "unhealthy"},
                                            {"database", Word(components.at("database").status)},
                                            {"queue", Word(components.at("workflow_service").status)},
                                            {"timestamp", JsonOf(call.now)},
                                            {"version", kVersion},
                                            {"components", ComponentsJson(components)}});
}

absl::StatusOr<platform::Response> Live() { return JsonResponse(200, {{"status", "ok"}}); }

absl::StatusOr<platform::Response> Ready(HealthChecks& checks) {
  const bool ready = checks.IsReady();
  return JsonResponse(ready ? 200 : 503, {{"status", ready ? "ok" : "unavailable"}});
}

}  // namespace gpuaas::api
