// The worker of FlowWorld: gpuaas-worker's service with certificates from the test and without Vault.
#include <google/protobuf/util/json_util.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "activities/nodes/agent_client.h"
#include "domain/status.h"
#include "platform/clock/clock.h"
#include "platform/log/log.h"
#include "platform/postgres/database.h"
#include "platform/vault/vault.h"
#include "temporal/client/client.h"
#include "temporal/transport/grpc_transport.h"
#include "worker/service.h"

namespace {

template <class Message>
Message FromVariable(const char* name) {
  Message message;
  (void)google::protobuf::util::JsonStringToMessage(std::getenv(name), &message);
  return message;
}

}  // namespace

int main() {
  using namespace gpuaas;
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // never outlives a test that was ended
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  platform::InitLog("flow_test_worker", "error");

  platform::Database database{platform::DatabaseOptions(std::getenv("FLOW_DATABASE_URL"))};
  const auto vault = platform::NewVault({});  // for certificates of reclaimed nodes only
  const auto agents = activities::NewAgentClient([]() -> absl::StatusOr<activities::ClientIdentity> {
    return activities::ClientIdentity{std::getenv("FLOW_CERTIFICATE"), std::getenv("FLOW_KEY"), std::getenv("FLOW_CA"),
                                      std::chrono::system_clock::now() + std::chrono::hours(1)};
  });
  const platform::SystemClock clock;
  auto transport = temporal::Connect(temporal::ConnectOptions(std::getenv("FLOW_TEMPORAL_ADDRESS")));
  if (!transport.ok()) return 1;
  worker::ServiceOptions options;
  options.task_queue = options.region = std::getenv("FLOW_NAME");
  options.poll_timeout = std::chrono::seconds(2);
  options.limits = FromVariable<flow::v1::FlowLimits>("FLOW_LIMITS");
  options.sweep_limits = FromVariable<flow::v1::SweepLimits>("FLOW_SWEEP_LIMITS");
  auto service = worker::StartServiceWhenPossible(
      {database, *agents, *vault, clock, std::make_shared<temporal::Client>(*std::move(transport))}, options, ends);
  if (!service.ok()) {
    std::fprintf(stderr, "flow_test_worker: %s\n", service.status().ToString().c_str());
    return 1;
  }
  if (*service == nullptr) return 0;
  int signal = 0;
  sigwait(&ends, &signal);
  (*service)->Stop();
  return 0;
}
