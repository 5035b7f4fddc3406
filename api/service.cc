#include "api/service.h"

#include <signal.h>

#include <fstream>

#include "activities/ops/dispatcher.h"
#include "api/allocation/handlers.h"
#include "api/catalog/handlers.h"
#include "api/common/bounded_transport.h"
#include "api/common/pepper.h"
#include "api/docs/handlers.h"
#include "api/iam/handlers.h"
#include "api/nodes/handlers.h"
#include "api/observer.h"
#include "api/ops/handlers.h"
#include "api/pulse.h"
#include "api/vault_keys.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/auth/verifier.h"
#include "platform/clock/clock.h"
#include "platform/log/log.h"
#include "platform/openapi/contract.h"
#include "platform/postgres/database.h"
#include "platform/vault/vault.h"
#include "temporal/client/client.h"
#include "temporal/transport/grpc_transport.h"

namespace gpuaas::api {
namespace {

constexpr std::chrono::seconds kLeastRetention = std::chrono::hours(24);

platform::VaultOptions VaultOptionsOf(const platform::CommonSettings& common) {
  platform::VaultOptions options;
  options.address = common.vault_addr;
  options.ca_file = common.ca_file;
  options.role_id_file = common.vault_role_id_file;
  options.secret_id_file = common.vault_secret_id_file;
  return options;
}

platform::DatabaseOptions DatabaseOptionsOf(const ServeSettings& settings) {
  platform::DatabaseOptions options(settings.common.database_url);
  options.application_name = "gpuaas-api";
  options.max_connections = settings.database_connections;
  return options;
}

// The first word of the file: what the edge sends with each request of a node.
absl::StatusOr<std::string> EdgeSecret(const ServeSettings& settings) {
  std::string secret;
  if (settings.edge_secret_file.empty()) {
    platform::LogWarning("no edge-secret-file: heartbeats of nodes are refused");
  } else if (std::ifstream file(settings.edge_secret_file); !(file >> secret)) {
    return MakeError(ErrorCode::kInvalidArgument, "no secret in " + settings.edge_secret_file);
  }
  return secret;
}

absl::StatusOr<platform::HostPort> ListenAddress(const ServeSettings& settings) {
  GPUAAS_ASSIGN_OR_RETURN(platform::HostPort address, platform::ParseHostPort(settings.api_listen));
  if (!settings.behind_proxy && !platform::IsLoopback(address.host)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "will not listen on " + settings.api_listen +
                         ": this server has no TLS and no limits of its own. Put the edge before it and say "
                         "--behind-proxy");
  }
  return address;
}

}  // namespace

void BindAll(Binder& binder, Services& services, HealthChecks& health) {
  BindIam(binder, services);
  BindCatalog(binder, services);
  BindAllocation(binder, services);
  BindNodes(binder, services);
  BindOps(binder, services, health);
  BindDocs(binder, services);
}

absl::Status Serve(const ServeSettings& settings) {
  GPUAAS_ASSIGN_OR_RETURN(const platform::HostPort address, ListenAddress(settings));
  if (settings.idempotency_retention < kLeastRetention.count()) {
    return MakeError(ErrorCode::kInvalidArgument, "clients repeat requests for 24 h: idempotency-retention is less");
  }
  if (settings.project_allocations < 1) {
    return MakeError(ErrorCode::kInvalidArgument, "project-allocations must be at least 1");
  }
  GPUAAS_ASSIGN_OR_RETURN(const auto contract, platform::Contract::Parse(kContractYaml));
  GPUAAS_ASSIGN_OR_RETURN(const std::string edge_secret, EdgeSecret(settings));
  const platform::SystemClock clock;
  platform::Database database(DatabaseOptionsOf(settings));
  const auto vault = platform::NewVault(VaultOptionsOf(settings.common));
  VaultKeys keys(*vault);
  platform::TokenVerifier verifier(keys);
  Pepper pepper(*vault);
  GPUAAS_ASSIGN_OR_RETURN(auto transport,
                          temporal::Connect(temporal::ConnectOptions(settings.common.temporal_address)));
  auto temporal = std::make_shared<temporal::Client>(std::make_shared<BoundedTransport>(std::move(transport)),
                                                     temporal::ClientOptions(settings.common.temporal_namespace));
  const auto dispatcher = activities::NewDispatcher(database, temporal, clock);
  Services services{.database = database,
                    .clock = clock,
                    .vault = *vault,
                    .temporal = *temporal,
                    .dispatcher = *dispatcher,
                    .signer = keys,
                    .verifier = verifier,
                    .contract = *contract,
                    .pepper = pepper,
                    .settings = {.region = settings.common.region,
                                 .public_url = settings.public_url,
                                 .agent_url = settings.agent_url,
                                 .ca_file = settings.common.ca_file,
                                 .agent_binary = settings.agent_binary,
                                 .dev_mode = settings.dev_mode,
                                 .edge_secret = edge_secret,
                                 .idempotency_retention = std::chrono::seconds(settings.idempotency_retention),
                                 .project_allocations = settings.project_allocations}};
  HealthChecks health(services);
  auto router = std::make_shared<platform::Router>();
  Binder binder(services, *router);
  BindAll(binder, services, health);

  platform::ServerOptions options;
  options.host = address.host;
  options.port = address.port;
  options.make_correlation_id = [&clock] { return CorrelationId::New(clock.Now()).str(); };
  options.on_request = ObserveRequest;
  GPUAAS_ASSIGN_OR_RETURN(const auto server, platform::StartServer(options, router));
  const Pulse pulse(database, clock, ThroughEdge(settings.agent_url, settings.common.ca_file));
  platform::LogInfo("listening", {{"address", settings.api_listen}, {"dev_mode", settings.dev_mode}});

  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  int received = 0;
  sigwait(&ends, &received);
  platform::LogInfo("draining", {{"signal", received}});
  health.StartDraining();
  server->Stop();
  return absl::OkStatus();
}

}  // namespace gpuaas::api
