#include "cli/commands/allocation_connect.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
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

// What ssh ends with when it did not get in; a command run inside may end with it as well.
constexpr int kSshFailed = 255;

// Lets the program have the terminal, its signals included, and gives what it ended with.
int Run(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  // Ctrl-C is the program's: it reaches both, and must not end the one that waits.
  struct sigaction ignored{}, interrupt{}, quit{};
  ignored.sa_handler = SIG_IGN;
  sigaction(SIGINT, &ignored, &interrupt);
  sigaction(SIGQUIT, &ignored, &quit);
  const auto restore = [&] {
    sigaction(SIGINT, &interrupt, nullptr);
    sigaction(SIGQUIT, &quit, nullptr);
  };
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    restore();
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(kSshFailed);
    execvp(argv.front(), argv.data());
    dprintf(STDERR_FILENO, "cannot run %s: %s; install an SSH client\n", argv.front(), std::strerror(errno));
    _exit(static_cast<int>(ExitCode::kFailed));
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  restore();
  if (child < 0) throw CliError(ErrorCode::kInternal, std::string("cannot start ssh: ") + std::strerror(errno));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ExitCode Connect(Invocation& run, const ConnectFlags& flags) {
  if (flags.mode == "terminal") {
    throw UsageError("--mode terminal is not offered by this version", "--mode ssh enters the allocation from here");
  }
  if (flags.mode != "ssh") throw UsageError("--mode: '" + flags.mode + "' is not one of: ssh");
  const std::string id = ResolveId(run.session(), kAllocation, flags.id, IsLive);
  Json connection = run.session().Get(PathOf(kAllocation, id, "connection"), {{"mode", "ssh"}});

  const std::string known_hosts =
      TextAt(connection, "host_public_key").empty() ? "" : (run.world().home / "known_hosts" / id).string();
  SshCommand ssh = MakeSshCommand(connection, known_hosts, flags.identity);
  if (!known_hosts.empty()) WriteFileAtomically(known_hosts, ssh.known_hosts_line + "\n");

  if (flags.exec || !flags.command.empty()) {
    run.world().out.flush();
    if (flags.command.empty() && !run.world().in_is_tty) ssh.arguments.insert(ssh.arguments.begin() + 1, "-T");
    if (!flags.command.empty()) ssh.arguments.push_back(RemoteCommand(flags.command));
    const int status = Run(ssh.arguments);
    if (status == kSshFailed && flags.identity.empty()) {
      run.Progress("if ssh was denied (publickey): -i FILE names the private key to one of the allocation's SSH keys");
    }
    return static_cast<ExitCode>(status);
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

std::string RemoteCommand(const std::vector<std::string>& words) {
  return words.size() == 1 ? words.front() : ShellLine(words);
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
  connect->add_option("allocation", flags->id, "Id, its beginning, or name")->required()->type_name(kLiveAllocationId);
  connect->add_option("--mode", flags->mode, "How to enter")->type_name("ssh");
  connect->add_option("-i,--identity-file", flags->identity, "The private key to use")->type_name("FILE");
  connect->add_flag("--exec", flags->exec, "Run it instead of printing it");
  connect->add_option("command", flags->command, "After --: run this inside")->type_name("COMMAND");
}

}  // namespace gpuaas::cli
