// gpuaas-worker: runs the workflows and activities of the control plane.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "activities/allocation/allocation_activities.h"
#include "activities/nodes/agent_client.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/config/config.h"
#include "platform/http/server.h"
#include "platform/log/log.h"
#include "platform/postgres/database.h"
#include "platform/vault/vault.h"
#include "temporal/client/client.h"
#include "temporal/transport/grpc_transport.h"
#include "worker/health.h"
#include "worker/service.h"

namespace gpuaas::worker {
namespace {

using namespace std::chrono_literals;

struct Settings {
  platform::CommonSettings common;
  std::string listen = "127.0.0.1:8081";
  int sticky_cache_size = 1000;
};

absl::StatusOr<activities::ClientIdentity> IssueIdentity(platform::Vault& vault) {
  platform::CertificateRequest request;
  request.role = "service";
  request.common_name = "worker";
  GPUAAS_ASSIGN_OR_RETURN(auto certificate, vault.IssueCertificate(request));
  return activities::ClientIdentity{certificate.certificate_pem, certificate.private_key_pem, certificate.ca_pem,
                                    certificate.expires_at};
}

absl::Status Run(const Settings& settings, const sigset_t& ends) {
  platform::DatabaseOptions database_options(settings.common.database_url);
  database_options.application_name = "gpuaas-worker";
  database_options.max_connections = 16;
  platform::Database database(std::move(database_options));
  platform::VaultOptions vault_options;
  vault_options.address = settings.common.vault_addr;
  vault_options.ca_file = settings.common.ca_file;
  vault_options.role_id_file = settings.common.vault_role_id_file;
  vault_options.secret_id_file = settings.common.vault_secret_id_file;
  const auto vault = platform::NewVault(std::move(vault_options));
  const auto agents = activities::NewAgentClient([&vault] { return IssueIdentity(*vault); });
  const platform::SystemClock clock;
  GPUAAS_ASSIGN_OR_RETURN(auto transport,
                          temporal::Connect(temporal::ConnectOptions(settings.common.temporal_address)));
  auto client = std::make_shared<temporal::Client>(std::move(transport),
                                                   temporal::ClientOptions(settings.common.temporal_namespace));
  GPUAAS_ASSIGN_OR_RETURN(const auto health, StartHealthServer(settings.listen, database, *client));

  ServiceOptions options;
  options.region = settings.common.region;
  options.identity = "gpuaas-worker@" + std::to_string(getpid());
  options.sticky_cache_size = settings.sticky_cache_size;
  options.limits = activities::DefaultFlowLimits();
  GPUAAS_ASSIGN_OR_RETURN(const auto service,
                          StartServiceWhenPossible({database, *agents, *vault, clock, client}, options, ends));
  if (service != nullptr) {
    platform::LogInfo("worker runs", {{"region", options.region}, {"task_queue", options.task_queue}});
    int signal = 0;
    sigwait(&ends, &signal);
    platform::LogInfo("worker stops");
    service->Stop();
  }
  health->Stop();
  return absl::OkStatus();
}

}  // namespace
}  // namespace gpuaas::worker

int main(int argc, char** argv) {
  gpuaas::worker::Settings settings;
  CLI::App app("Runs the workflows and activities of the control plane.", "gpuaas-worker");
  gpuaas::platform::AddCommonSettings(app, settings.common);
  gpuaas::platform::AddSetting(app, "worker-listen", settings.listen, "Where /health and /metrics are served");
  gpuaas::platform::AddSetting(app, "worker-sticky-cache", settings.sticky_cache_size,
                               "Workflow runs kept in memory; 0: every task replays its history");
  CLI11_PARSE(app, argc, argv);
  gpuaas::platform::InitLog("gpuaas-worker", settings.common.log_level);

  // Blocked in every thread; the main one waits for them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const absl::Status status = gpuaas::worker::Run(settings, ends);
  if (status.ok()) return 0;
  gpuaas::platform::LogError("worker failed", {{"cause", std::string(status.message())}});
  return 1;
}
