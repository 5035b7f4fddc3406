#include "node/sandbox/init.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <set>
#include <sstream>
#include <vector>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "nlohmann/json.hpp"
#include "node/command/command.h"
#include "node/sandbox/listener.h"
#include "node/sandbox/privileges.h"
#include "node/sandbox/processes.h"
#include "node/sandbox/root.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {
namespace {

constexpr int kReport = 3;  // where the caller of this process listens
constexpr std::size_t kMaxSessions =
    128;  // sshd's own bound on connections does not hold when it is run per connection

absl::Status JoinCgroups(const std::string& paths) {
  std::istringstream list(paths);
  std::string path;
  while (std::getline(list, path, ':')) {
    Fd procs(::open((path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!procs.valid() || ::write(procs.get(), "0", 1) != 1) return ErrnoStatus("join " + path);
  }
  return absl::OkStatus();
}

absl::Status EnterNetwork(const std::string& netns) {
  Fd fd(::open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::setns(fd.get(), CLONE_NEWNET) != 0) return ErrnoStatus("enter netns " + netns);
  return absl::OkStatus();
}

void LogToFile(const std::string& folder) {
  Fd log(::open((folder + "/sandbox.log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(null.get(), 0);
  ::dup2(log.valid() ? log.get() : null.get(), 1);
  ::dup2(log.valid() ? log.get() : null.get(), 2);
}

[[noreturn]] void BecomeSshd(int connection) {
  ::dup2(connection, 0);
  ::dup2(connection, 1);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  char* argv[] = {const_cast<char*>("/usr/sbin/sshd"),
                  const_cast<char*>("-i"),
                  const_cast<char*>("-e"),
                  const_cast<char*>("-f"),
                  const_cast<char*>("/etc/gpuaas/sshd_config"),
                  nullptr};
  char* environment[] = {const_cast<char*>("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nullptr};
  ::execve(argv[0], argv, environment);
  ::_exit(127);
}

// Takes connections and reaps children, its own and those that lost their parents, until it is told to end.
void Serve(const Listener& listener) {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigaddset(&watched, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  Fd signals(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  std::set<pid_t> sessions;
  while (true) {
    pollfd fds[2] = {{signals.get(), POLLIN, 0}, {listener.socket.get(), POLLIN, 0}};
    const bool full = sessions.size() >= kMaxSessions;
    if (::poll(fds, full ? 1 : 2, -1) < 0 && errno != EINTR) return;
    signalfd_siginfo info;
    while (::read(signals.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTERM) return;
    }
    for (pid_t ended = 0; (ended = ::waitpid(-1, nullptr, WNOHANG)) > 0;) sessions.erase(ended);
    if (full || (fds[1].revents & POLLIN) == 0) continue;
    Fd connection(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) continue;
    const pid_t child = ::fork();
    if (child == 0) BecomeSshd(connection.get());
    if (child > 0) sessions.insert(child);
  }
}

// The first process of the new namespaces. Says "up" through `ready`, or why not, and serves once it gets a byte from
// `go`.
[[noreturn]] void BeFirst(const SandboxSpec& spec, const Listener& listener, Fd ready, Fd go) {
  // Mounts of its own: the starting process still needs the node's.
  absl::Status status = ::unshare(CLONE_NEWNS) == 0 ? EnterRoot(spec) : ErrnoStatus("make a mount namespace");
  if (status.ok() && ::sethostname(spec.hostname.data(), spec.hostname.size()) != 0)
    status = ErrnoStatus("sethostname");
  if (status.ok()) status = KeepOnlySshdCapabilities();
  const std::string word = status.ok() ? "up" : std::string(status.message());
  [[maybe_unused]] ssize_t ignored = ::write(ready.get(), word.data(), word.size());
  ready.Reset(-1);
  char byte = 0;
  if (!status.ok() || ::read(go.get(), &byte, 1) != 1) ::_exit(1);
  go.Reset(-1);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  Serve(listener);
  ::_exit(0);
}

// Held as long as the sandbox runs (a lock belongs to the open file, which its first process inherits): there are never
// two.
absl::StatusOr<Fd> TakeLock(const std::string& folder) {
  Fd lock(::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return ErrnoStatus(folder + "/lock");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return ErrnoStatus("it is being started already");
  return lock;
}

// Clients know the port of a sandbox that ran before: it is tried first.
absl::StatusOr<Listener> Listen(const SandboxSpec& spec) {
  auto mark = ReadFile(spec.folder + "/running.json");
  if (mark.ok()) {
    const auto value = nlohmann::json::parse(*mark, nullptr, false);
    const int port = value.is_object() ? value.value("port", 0) : 0;
    auto listener = ListenInRange(spec.listen_host, port, port);
    if (port > 0 && listener.ok()) return listener;
  }
  return ListenInRange(spec.listen_host, spec.first_port, spec.last_port);
}

// Runs before the sandbox takes its first connection, so that none can run unknown to the agent.
absl::Status LeaveMark(const std::string& folder, pid_t pid, int port) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string boot, ReadFile("/proc/sys/kernel/random/boot_id"));
  const nlohmann::json mark = {{"pid", pid}, {"start_time", StartTimeOf(pid)}, {"port", port}, {"boot_id", boot}};
  return WriteFile(folder + "/running.json", mark.dump(), 0600);
}

absl::Status Start(const std::string& spec_file, const std::string& cgroups) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string text, ReadFile(spec_file));
  GPUAAS_ASSIGN_OR_RETURN(const SandboxSpec spec, ParseSpec(text));
  LogToFile(spec.folder);
  GPUAAS_ASSIGN_OR_RETURN(const Fd lock, TakeLock(spec.folder));
  GPUAAS_RETURN_IF_ERROR(JoinCgroups(cgroups));
  GPUAAS_ASSIGN_OR_RETURN(Listener listener, Listen(spec));
  GPUAAS_RETURN_IF_ERROR(EnterNetwork(spec.netns));
  if (::unshare(CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) != 0) {
    return ErrnoStatus("make namespaces");
  }
  int ready[2], go[2];
  if (::pipe2(ready, O_CLOEXEC) != 0 || ::pipe2(go, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  Fd from_child(ready[0]), to_parent(ready[1]), from_parent(go[0]), to_child(go[1]);
  const pid_t child = ::fork();
  if (child < 0) return ErrnoStatus("fork");
  if (child == 0) {
    ::close(kReport);
    from_child.Reset(-1);
    to_child.Reset(-1);
    BeFirst(spec, listener, std::move(to_parent), std::move(from_parent));
  }
  to_parent.Reset(-1);
  std::string word;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(from_child.get(), buffer, sizeof buffer)) > 0;) {
    word.append(buffer, static_cast<std::size_t>(got));
  }
  absl::Status status;
  if (word != "up") {
    status = MakeError(ErrorCode::kInternal, word.empty() ? "the sandbox ended while starting" : word);
  } else {
    status = LeaveMark(spec.folder, child, listener.port);
  }
  if (status.ok() && ::write(to_child.get(), "g", 1) != 1) status = ErrnoStatus("start serving");
  if (!status.ok()) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  return status;
}

}  // namespace

int RunSandbox(const std::string& spec_file, const std::string& cgroups) {
  ::close_range(kReport + 1, ~0u, 0);
  ::setsid();
  RestoreFileLimit();
  const absl::Status status = Start(spec_file, cgroups);
  const std::string line = status.ok() ? "up\n" : std::string(status.message()) + "\n";
  [[maybe_unused]] ssize_t ignored = ::write(kReport, line.data(), line.size());
  return status.ok() ? 0 : 1;
}

}  // namespace gpuaas::node
