#include "api/ops/health.h"

#include "domain/status.h"
#include "platform/postgres/database.h"
#include "platform/vault/vault.h"
#include "temporal/client/client.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kFresh{2};
constexpr char kVersion[] = "0.1.0";

const char* Word(const absl::Status& status) { return status.ok() ? "healthy" : "unhealthy"; }

}  // namespace

std::map<std::string, absl::Status> HealthChecks::Check(Time now) {
  std::lock_guard lock(mutex_);
  if (latest_.empty() || now < checked_at_ || now >= checked_at_ + kFresh) {
    latest_["database"] = services_.database.Ping();
    latest_["workflow_service"] = services_.temporal.Ping().status();
    latest_["secret_store"] = services_.vault.Check();
    checked_at_ = now;
  }
  return latest_;
}

Json ComponentsJson(const std::map<std::string, absl::Status>& components) {
  Json json = Json::object();
  for (const auto& [name, status] : components) {
    json[name] = {{"status", status.ok() ? "ok" : "unavailable"}};
    // The meaning of the code: the message may name addresses that are nobody's business.
    if (!status.ok()) json[name]["message"] = InfoOf(ErrorCodeOf(status)).meaning;
  }
  return json;
}

absl::StatusOr<platform::Response> Health(HealthChecks& checks, const Call& call) {
  const auto components = checks.Check(call.now);
  bool healthy = !checks.draining();
  for (const auto& [name, status] : components) healthy = healthy && status.ok();
  return JsonResponse(healthy ? 200 : 503, {{"status", healthy ? "healthy" : "unhealthy"},
                                            {"database", Word(components.at("database"))},
                                            {"queue", Word(components.at("workflow_service"))},
                                            {"timestamp", JsonOf(call.now)},
                                            {"version", kVersion},
                                            {"components", ComponentsJson(components)}});
}

absl::StatusOr<platform::Response> Live() { return JsonResponse(200, {{"status", "ok"}}); }

absl::StatusOr<platform::Response> Ready(HealthChecks& checks, const Call& call) {
  const bool ready = !checks.draining() && checks.Check(call.now).at("database").ok();
  return JsonResponse(ready ? 200 : 503, {{"status", ready ? "ok" : "unavailable"}});
}

}  // namespace gpuaas::api
