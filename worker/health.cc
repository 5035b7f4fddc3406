#include "worker/health.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "domain/ids.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/config/config.h"
#include "platform/http/server.h"
#include "platform/metrics/metrics.h"
#include "platform/postgres/database.h"
#include "stores/ops/outbox.h"
#include "temporal/client/client.h"

namespace gpuaas::worker {
namespace {

using platform::Request;
using platform::Response;

platform::Handler Health(platform::Database& database, temporal::Client& client) {
  return [&database, &client](const Request&) -> absl::StatusOr<Response> {
    const absl::Status postgres = database.Ping();
    const absl::Status temporal = client.Ping().status();
    const auto word = [](const absl::Status& status) { return status.ok() ? "ok" : "unreachable"; };
    const bool well = postgres.ok() && temporal.ok();
    const nlohmann::json body = {
        {"status", well ? "healthy" : "degraded"}, {"database", word(postgres)}, {"temporal", word(temporal)}};
    return Response::Json(well ? 200 : 503, body.dump());
  };
}

absl::StatusOr<Response> Live(const Request&) { return Response::Json(200, R"({"status":"alive"})"); }

// Of what is counted elsewhere: the pool and the outbox. Without the database the last known numbers stay.
void CollectFrom(platform::Database& database) {
  platform::Metrics& metrics = platform::Metrics::Global();
  auto& open = metrics.GetGauge("gpuaas_database_connections", "Connections of the pool.");
  auto& unsent = metrics.GetGauge("gpuaas_outbox_unsent", "Outbox rows that wait to be sent.");
  auto& oldest = metrics.GetGauge("gpuaas_outbox_oldest_seconds", "Age of the oldest unsent outbox row.");
  metrics.OnCollect([&database, &open, &unsent, &oldest] {
    open.Set(database.Stats().open);
    const auto backlog = database.TransactFor<stores::OutboxBacklog>(
        platform::SystemScope(),
        [](platform::Transaction& tx) { return stores::GetOutboxBacklog(tx, platform::SystemClock().Now()); });
    if (!backlog.ok()) return;
    unsent.Set(static_cast<double>(backlog->unsent));
    oldest.Set(static_cast<double>(backlog->oldest.count()));
  });
}

absl::StatusOr<Response> Metrics(const Request&) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = platform::Metrics::Global().Expose();
  return response;
}

}  // namespace

absl::StatusOr<std::unique_ptr<platform::Server>> StartHealthServer(const std::string& listen,
                                                                    platform::Database& database,
                                                                    temporal::Client& client) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::HostPort address, platform::ParseHostPort(listen));
  CollectFrom(database);
  auto router = std::make_shared<platform::Router>();
  router->Add({.method = "GET", .path = "/health", .handler = Health(database, client)});
  router->Add({.method = "GET", .path = "/health/ready", .handler = Health(database, client)});
  router->Add({.method = "GET", .path = "/health/live", .handler = Live});
  router->Add({.method = "GET", .path = "/metrics", .handler = Metrics});
  platform::ServerOptions options;
  options.host = address.host;
  options.port = address.port;
  options.workers = 2;
  options.drain = std::chrono::seconds(2);
  options.make_correlation_id = [] { return CorrelationId::New(platform::SystemClock().Now()).str(); };
  return platform::StartServer(std::move(options), std::move(router));
}

}  // namespace gpuaas::worker
