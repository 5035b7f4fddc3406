#include "cli/commands/allocation_connect.h"

#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <memory>

#include "cli/commands/allocations.h"
#include "cli/commands/support.h"
#include "cli/core/home.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

struct ConnectFlags {
  std::string id;
  std::string mode = "ssh";
  std::string identity;
  bool exec = false;
  std::vector<std::string> command;
};

bool IsSafeWord(const std::string& word) {
  if (word.empty() || word.front() == '-') return false;
  for (const unsigned char c : word) {
    if (c <= ' ' || c >= 0x7F) return false;
  }
  return true;
}

ExitCode Run(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv.front(), argv.data());
  throw CliError(ErrorCode::kInternal, "cannot run " + arguments.front() + ": " + std::strerror(errno),
                 "install an SSH client");
}

ExitCode Connect(Invocation& run, const ConnectFlags& flags) {
  if (flags.mode == "terminal") {
    throw UsageError("--mode terminal is not offered by this version", "--mode ssh enters the allocation from here");
  }
  if (flags.mode != "ssh") throw UsageError("--mode: '" + flags.mode + "' is not one of: ssh");
  const std::string id = ResolveId(run.session(), kAllocation, flags.id);
  Json connection = run.session().Get(PathOf(kAllocation, id, "connection"), {{"mode", "ssh"}});

  const std::string known_hosts =
      TextAt(connection, "host_public_key").empty() ? "" : (run.world().home / "known_hosts" / id).string();
  SshCommand ssh = MakeSshCommand(connection, known_hosts, flags.identity);
  if (!known_hosts.empty()) WriteFileAtomically(known_hosts, ssh.known_hosts_line + "\n");

  if (flags.exec || !flags.command.empty()) {
    run.world().out.flush();
    ssh.arguments.insert(ssh.arguments.end(), flags.command.begin(), flags.command.end());
    return Run(ssh.arguments);
  }
  connection["command"] = ShellLine(ssh.arguments);
  run.output().ObjectOr(connection, TextAt(connection, "command") + "\n");
  return ExitCode::kDone;
}

}  // namespace

SshCommand MakeSshCommand(const Json& connection, const std::string& known_hosts, const std::string& identity) {
  const std::string host = TextAt(connection, "host"), user = TextAt(connection, "user"),
                    port = TextAt(connection, "port");
  if (!IsSafeWord(host) || !IsSafeWord(user) || !At(connection, "port").is_number_integer()) {
    throw CliError(ErrorCode::kInternal, "the server's answer names no usable host, port and user");
  }
  SshCommand ssh;
  ssh.arguments = {"ssh", "-p", port};
  if (!known_hosts.empty()) {
    const std::string name = port == "22" ? host : "[" + host + "]:" + port;
    ssh.known_hosts_line = name + " " + Printable(TextAt(connection, "host_public_key"));
    ssh.arguments.insert(ssh.arguments.end(),
                         {"-o", "UserKnownHostsFile=" + known_hosts, "-o", "StrictHostKeyChecking=yes"});
  }
  if (!identity.empty()) ssh.arguments.insert(ssh.arguments.end(), {"-i", identity, "-o", "IdentitiesOnly=yes"});
  ssh.arguments.push_back(user + "@" + host);
  return ssh;
}

std::string ShellLine(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) {
    bool plain = !argument.empty();
    for (const unsigned char c : argument)
      plain = plain && (std::isalnum(c) || std::strchr("-_./=:@,+%[]", c) != nullptr);
    if (argument.find_first_of("[]") != std::string::npos) plain = false;
    std::string quoted = "'";
    for (const char c : argument) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += (line.empty() ? "" : " ") + (plain ? argument : quoted + "'");
  }
  return line;
}

void AddAllocationConnect(CLI::App& allocations, Invocation& run) {
  auto flags = std::make_shared<ConnectFlags>();
  CLI::App* connect = AddCommand(allocations, run, "connect", "Print the command that enters an allocation, or run it",
                                 "  gpuaas allocations connect alloc_01J8 --mode ssh\n"
                                 "  gpuaas allocations connect alloc_01J8 --exec\n"
                                 "  gpuaas allocations connect alloc_01J8 -- nvidia-smi -L",
                                 [&run, flags] { return Connect(run, *flags); });
  connect->add_option("allocation", flags->id, "Id, its beginning, or name")->required()->type_name(kAllocationId);
  connect->add_option("--mode", flags->mode, "How to enter")->type_name("ssh");
  connect->add_option("-i,--identity-file", flags->identity, "The private key to use")->type_name("FILE");
  connect->add_flag("--exec", flags->exec, "Run it instead of printing it");
  connect->add_option("command", flags->command, "After --: run this inside")->type_name("COMMAND");
}

}  // namespace gpuaas::cli
