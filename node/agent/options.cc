#include "node/agent/options.h"

#include <CLI/CLI.hpp>

#include "platform/config/config.h"

namespace gpuaas::node {
namespace {

void AddStateDir(CLI::App& app, std::string& state_dir) {
  app.add_option("--state-dir", state_dir, "The agent's own folder")->envname("GPUAAS_NODE_STATE_DIR")->required();
}

}  // namespace

void AddRunOptions(CLI::App& app, RunOptions& options) {
  AddStateDir(app, options.state_dir);
  app.add_option("--inventory", options.inventory, "Declared inventory (YAML); without one the driver is asked");
  app.add_option("--url", options.url, "Control plane's port for agents; default: as enrolled");
  app.add_option("--listen", options.listen, "Address and port of this agent; default: as enrolled");
  app.add_option("--advertise", options.advertise,
                 "host:port where the control plane reaches it; default: as enrolled");
  app.add_option("--ssh-listen", options.ssh_listen, "Address of the sandboxes' SSH ports; default: that of --listen");
  app.add_option("--ssh-ports", options.ssh_ports, "Range of the sandboxes' SSH ports")->capture_default_str();
  app.add_option("--user-prefix", options.user_prefix, "What the names of runtime users begin with")
      ->capture_default_str();
  app.add_option("--first-uid", options.first_uid, "First uid of runtime users; 250 from there on are used")
      ->capture_default_str()
      ->check(CLI::Range(1'000, 2'000'000'000));
  app.add_option("--egress", options.egress, "Whether sandboxes reach public addresses (0 or 1)")
      ->capture_default_str();
  app.add_option("--service-names", options.service_names, "Common names of the services that may give orders")
      ->capture_default_str();
  app.add_option("--fence-after-seconds", options.fence_after_seconds,
                 "Without contact for so long, everything is stopped; the control plane's answer overrides it")
      ->capture_default_str();
  platform::AddSetting(app, "log-level", options.log_level, "debug, info, warning or error");
}

void AddEnrolOptions(CLI::App& app, EnrolOptions& options) {
  AddStateDir(app, options.state_dir);
  app.add_option("--url", options.url, "Control plane's port for agents, https://host:8444")->required();
  app.add_option("--ca-file", options.ca_file, "Whom to trust for the control plane's certificate (PEM)");
  app.add_option("--inventory", options.inventory, "Declared inventory (YAML); without one the driver is asked");
  app.add_option("--listen", options.listen, "Address and port of this agent")->capture_default_str();
  app.add_option("--advertise", options.advertise, "host:port where the control plane reaches it; default: --listen");
}

}  // namespace gpuaas::node
