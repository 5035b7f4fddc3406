#include "node/sandbox/init.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "nlohmann/json.hpp"
#include "node/command/command.h"
#include "node/sandbox/connections.h"
#include "node/sandbox/contact_file.h"
#include "node/sandbox/listener.h"
#include "node/sandbox/privileges.h"
#include "node/sandbox/processes.h"
#include "node/sandbox/root.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {
namespace {

constexpr int kReport = 3;  // where the caller of this process listens
// sshd's own bounds on connections do not hold when it is run per connection.
constexpr std::size_t kMaxStrangers = 32;
constexpr std::size_t kMaxSessions = 128;
constexpr off_t kLogBound = 1 << 20;
constexpr std::chrono::milliseconds kTick{10'000};  // how late a log is cut, or an end after a suspension noticed

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

// Anybody can make sshd write an error. What is older goes.
void BoundLog() {
  struct stat info{};
  if (::fstat(STDERR_FILENO, &info) == 0 && info.st_size > kLogBound) {
    [[maybe_unused]] int ignored = ::ftruncate(STDERR_FILENO, 0);
  }
}

// The network that a connection comes from: an address of IPv4, the customary /64 of IPv6.
std::string SourceOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return {reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  const char* bytes = reinterpret_cast<const char*>(&v6);
  return IN6_IS_ADDR_V4MAPPED(&v6) ? std::string(bytes + 12, 4) : std::string(bytes, 8);
}

// Whether this sshd has let its user in: then it has a child that runs as that user. Where the kernel does not tell of
// children, everybody counts as let in.
bool IsLetIn(pid_t sshd, uid_t uid) {
  const std::string task = "/proc/" + std::to_string(sshd) + "/task/" + std::to_string(sshd);
  std::ifstream children(task + "/children");
  if (!children) return true;
  for (pid_t child = 0; children >> child;) {
    std::ifstream status("/proc/" + std::to_string(child) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Uid:\t" + std::to_string(uid) + "\t")) return true;
    }
  }
  return false;
}

// Of its own process group: it can be ended together with what it has started until then.
[[noreturn]] void BecomeSshd(int connection) {
  ::setpgid(0, 0);
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

// When this sandbox has to end; the last mark that was whole counts.
class Attendance {
 public:
  explicit Attendance(int file) : file_(file), mark_(ReadContact(file).value_or(ContactMark{})) {}

  bool known() const { return !mark_.boot_id.empty(); }
  // Zero: now.
  std::chrono::milliseconds Left() {
    if (auto mark = ReadContact(file_)) mark_ = *std::move(mark);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(EndOf(mark_) - SinceBoot());
    return std::max(left, std::chrono::milliseconds(0));
  }

 private:
  const int file_;
  ContactMark mark_;
};

// Takes connections and reaps children, its own and those that lost their parents, until it is told to end or nobody
// attends to it any more.
void Serve(const Listener& listener, const SandboxSpec& spec, Attendance& attendance) {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigaddset(&watched, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  Fd signals(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  Connections connections(kMaxStrangers, kMaxSessions);
  while (true) {
    const auto left = attendance.Left();
    // Twice: a mark that is read while it is being written may be neither the old nor the new one.
    if (left.count() == 0 && attendance.Left().count() == 0) return;
    pollfd fds[2] = {{signals.get(), POLLIN, 0}, {listener.socket.get(), POLLIN, 0}};
    const bool full = connections.full();
    if (::poll(fds, full ? 1 : 2, static_cast<int>(std::min(left, kTick).count())) < 0 && errno != EINTR) return;
    BoundLog();
    signalfd_siginfo info;
    while (::read(signals.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTERM) return;
    }
    for (pid_t ended = 0; (ended = ::waitpid(-1, nullptr, WNOHANG)) > 0;) connections.Ended(ended);
    if (full || (fds[1].revents & POLLIN) == 0) continue;
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    Fd connection(::accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_CLOEXEC));
    if (!connection.valid()) continue;
    const pid_t child = ::fork();
    if (child == 0) BecomeSshd(connection.get());
    if (child > 0) {
      ::setpgid(child, child);  // as it does itself, whoever is first
      connections.Add(child, SourceOf(address));
    }
    while (const auto surplus = connections.Surplus()) {
      if (IsLetIn(*surplus, spec.uid)) {
        connections.Authenticated(*surplus);
      } else {
        ::kill(-*surplus, SIGKILL);
        connections.Ended(*surplus);
      }
    }
  }
}

// The first process of the new namespaces. Says "up" through `ready`, or why not, and serves once it gets a byte from
// `go`.
[[noreturn]] void BeFirst(const SandboxSpec& spec, const Listener& listener, Attendance& attendance, Fd ready, Fd go) {
  // Mounts of its own: the starting process still needs the node's.
  absl::Status status = ::unshare(CLONE_NEWNS) == 0 ? EnterRoot(spec) : ErrnoStatus("make a mount namespace");
  if (status.ok() && ::sethostname(spec.hostname.data(), spec.hostname.size()) != 0)
    status = ErrnoStatus("sethostname");
  if (status.ok()) status = KeepOnlyWhatSshdNeeds();
  const std::string word = status.ok() ? "up" : std::string(status.message());
  [[maybe_unused]] ssize_t ignored = ::write(ready.get(), word.data(), word.size());
  ready.Reset(-1);
  char byte = 0;
  if (!status.ok() || ::read(go.get(), &byte, 1) != 1) ::_exit(1);
  go.Reset(-1);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  Serve(listener, spec, attendance);
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

absl::Status Start(const std::string& spec_file, const std::string& cgroups, const std::string& contact_file) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string text, ReadFile(spec_file));
  GPUAAS_ASSIGN_OR_RETURN(const SandboxSpec spec, ParseSpec(text));
  LogToFile(spec.folder);
  GPUAAS_ASSIGN_OR_RETURN(const Fd lock, TakeLock(spec.folder));
  const Fd contact(::open(contact_file.c_str(), O_RDONLY | O_CLOEXEC));
  Attendance attendance(contact.get());
  if (!attendance.known() || attendance.Left().count() == 0) {
    return MakeError(ErrorCode::kUnavailable, "this node has had no contact with the control plane for too long");
  }
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
    BeFirst(spec, listener, attendance, std::move(to_parent), std::move(from_parent));
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

int RunSandbox(const std::string& spec_file, const std::string& cgroups, const std::string& contact_file) {
  ::close_range(kReport + 1, ~0u, 0);
  ::setsid();
  RestoreFileLimit();
  const absl::Status status = Start(spec_file, cgroups, contact_file);
  const std::string line = status.ok() ? "up\n" : std::string(status.message()) + "\n";
  [[maybe_unused]] ssize_t ignored = ::write(kReport, line.data(), line.size());
  return status.ok() ? 0 : 1;
}

}  // namespace gpuaas::node
