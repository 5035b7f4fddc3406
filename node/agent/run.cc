#include <grpcpp/grpcpp.h>
#include <pthread.h>
#include <signal.h>

#include <charconv>
#include <iostream>
#include <optional>
#include <sstream>
#include <utility>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/agent/heartbeats.h"
#include "node/agent/options.h"
#include "node/agent/parts.h"
#include "node/agent/periodic.h"
#include "node/command/command.h"
#include "node/sandbox/privileges.h"
#include "node/server/service.h"
#include "node/server/tls_files.h"
#include "platform/config/config.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

constexpr std::chrono::seconds kTendingEvery{5};

struct PortRange {
  int first = 0;
  int last = 0;
};

absl::StatusOr<PortRange> ParseRange(const std::string& text) {
  PortRange range;
  char dash = 0;
  std::istringstream words(text);
  if (words >> range.first >> dash >> range.last && dash == '-' && words.peek() == EOF && range.first > 0 &&
      range.first <= range.last && range.last < 65'536) {
    return range;
  }
  return MakeError(ErrorCode::kInvalidArgument, "not a range of ports: " + text);
}

std::set<std::string> Names(const std::string& list) {
  std::set<std::string> names;
  std::istringstream words(list);
  std::string name;
  while (std::getline(words, name, ',')) names.insert(name);
  return names;
}

const std::string& Or(const std::string& given, const std::string& otherwise) {
  return given.empty() ? otherwise : given;
}

absl::Status Serve(const RunOptions& options) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();

  GPUAAS_ASSIGN_OR_RETURN(const StateDir state, StateDir::Open(options.state_dir));
  GPUAAS_ASSIGN_OR_RETURN(const Fd lock, state.Lock());
  GPUAAS_ASSIGN_OR_RETURN(NodeIdentity identity, state.Identity());
  identity.url = Or(options.url, identity.url);
  identity.listen = Or(options.listen, identity.listen);
  identity.advertise = Or(options.advertise, identity.advertise);
  GPUAAS_ASSIGN_OR_RETURN(const platform::HostPort listen, platform::ParseHostPort(identity.listen));
  GPUAAS_ASSIGN_OR_RETURN(const platform::HostPort advertise, platform::ParseHostPort(identity.advertise));
  GPUAAS_ASSIGN_OR_RETURN(const PortRange ports, ParseRange(options.ssh_ports));

  GPUAAS_ASSIGN_OR_RETURN(const std::unique_ptr<GpuSource> gpus, OpenGpus(state, options.inventory));
  GPUAAS_ASSIGN_OR_RETURN(const std::unique_ptr<EvidenceJournal> evidence,
                          EvidenceJournal::Open(state.path() + "/evidence.log"));
  LinuxHost host({state.instance(), state.subnet(), options.egress}, OwnProgram(), state.path());
  GPUAAS_RETURN_IF_ERROR(host.Prepare());
  ManagerOptions manager_options;
  manager_options.state_dir = state.path();
  manager_options.instance = state.instance();
  manager_options.subnet = state.subnet();
  manager_options.user_prefix = options.user_prefix;
  manager_options.first_uid = static_cast<uid_t>(options.first_uid);
  manager_options.listen_host = Or(options.ssh_listen, listen.host);
  manager_options.advertise_host = advertise.host;
  manager_options.first_port = ports.first;
  manager_options.last_port = ports.last;
  GPUAAS_ASSIGN_OR_RETURN(const std::unique_ptr<Manager> manager,
                          Manager::Open(manager_options, *gpus, host, *evidence, SystemMoment));
  Heartbeats heartbeats(state, identity, *manager, *gpus, *evidence, SystemMoment,
                        std::chrono::seconds(options.fence_after_seconds));
  AgentService service(*manager, *gpus, *evidence, PeerPolicy(Names(options.service_names)), OwnProgram());
  grpc::ServerBuilder builder;
  builder.AddListeningPort(identity.listen, ServerCredentialsFrom(state.tls_folder()));
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return MakeError(ErrorCode::kUnavailable, "cannot listen on " + identity.listen);
  // The node answers and tells that it lives before it has seen to its sandboxes, which may take any time.
  std::optional<Periodic> pulse(std::in_place, [&] { return heartbeats.Beat(); });
  std::optional<Periodic> tending(std::in_place, [&, first = true]() mutable {
    if (std::exchange(first, false)) manager->Reconcile();
    manager->Observe();
    return kTendingEvery;
  });
  platform::LogInfo("node agent is up", {{"node_id", identity.node_id},
                                         {"listen", identity.listen},
                                         {"inventory", gpus->name()},
                                         {"instance", state.instance()}});
  int signal_number = 0;
  sigwait(&ending, &signal_number);
  platform::LogInfo("node agent ends; its sandboxes stay", {{"signal", signal_number}});
  tending.reset();
  pulse.reset();
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  return absl::OkStatus();
}

}  // namespace

int RunAgent(const RunOptions& options) {
  platform::InitLog("gpuaas-node-agent", options.log_level);
  const absl::Status status = Serve(options);
  if (!status.ok()) platform::LogError("node agent cannot run", {{"error", ToStd(status.message())}});
  return status.ok() ? 0 : 1;
}

}  // namespace gpuaas::node
