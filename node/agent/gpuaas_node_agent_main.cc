#include <CLI/CLI.hpp>

#include "node/agent/options.h"
#include "node/sandbox/enter.h"
#include "node/sandbox/init.h"
#include "node/version.h"

// gpuaas-node-agent: one per GPU node.
int main(int argc, char** argv) {
  using namespace gpuaas::node;
  CLI::App app("The agent of one GPU node: keeps its allocations' sandboxes and answers the control plane.");
  app.set_version_flag("--version", std::string(kAgentVersion));
  app.require_subcommand(1);

  EnrolOptions enrol;
  auto* enrol_command = app.add_subcommand(
      "enrol", "Get this node an identity. The one-time token comes by stdin or GPUAAS_ENROL_TOKEN.");
  AddEnrolOptions(*enrol_command, enrol);

  RunOptions run;
  auto* run_command = app.add_subcommand("run", "Serve, until SIGTERM. Sandboxes go on when the agent ends.");
  AddRunOptions(*run_command, run);

  std::string purged;
  auto* purge_command =
      app.add_subcommand("purge", "Remove everything this agent has made on the node, and its state.");
  purge_command->add_option("--state-dir", purged)->required();

  // What the agent starts of itself; not for people.
  std::string spec, cgroups, contact;
  auto* sandbox_command = app.add_subcommand("sandbox-run")->group("");
  sandbox_command->add_option("--spec", spec)->required();
  sandbox_command->add_option("--cgroups", cgroups);
  sandbox_command->add_option("--contact", contact)->required();
  EnterOptions enter;
  auto* enter_command = app.add_subcommand("sandbox-enter")->group("");
  enter_command->add_option("--folder", enter.folder)->required();
  enter_command->add_flag("--pty", enter.pty);
  enter_command->add_option("--rows", enter.rows);
  enter_command->add_option("--columns", enter.columns);
  enter_command->add_option("command", enter.command);

  CLI11_PARSE(app, argc, argv);
  if (*enrol_command) return EnrolNode(enrol);
  if (*run_command) return RunAgent(run);
  if (*purge_command) return PurgeNode(purged);
  if (*sandbox_command) return RunSandbox(spec, cgroups, contact);
  return EnterSandbox(enter);
}
