#pragma once

#include <string>

namespace CLI {
class App;
}

namespace gpuaas::node {

// What `gpuaas-node-agent run` is told. Empty texts: what enrolment has fixed, or the default said in the help.
struct RunOptions {
  std::string state_dir;
  std::string inventory;
  std::string url;
  std::string listen;
  std::string advertise;
  std::string ssh_listen;
  std::string ssh_ports = "20000-29999";
  std::string user_prefix = "gpu";
  int first_uid = 700'000;
  bool egress = true;
  std::string service_names = "api,worker";
  std::string log_level = "info";
  int fence_after_seconds = 600;
};
void AddRunOptions(CLI::App& app, RunOptions& options);

struct EnrolOptions {
  std::string state_dir;
  std::string url;
  std::string ca_file;
  std::string inventory;
  std::string listen = "0.0.0.0:7443";
  std::string advertise;
};
void AddEnrolOptions(CLI::App& app, EnrolOptions& options);

// Each is one subcommand; the exit status of the process.
int RunAgent(const RunOptions& options);
int EnrolNode(const EnrolOptions& options);
int PurgeNode(const std::string& state_dir);

}  // namespace gpuaas::node
