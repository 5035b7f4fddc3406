#include "node/sandbox/enter.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/command/command.h"
#include "node/sandbox/host.h"
#include "node/sandbox/privileges.h"
#include "node/sandbox/processes.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {
namespace {

constexpr int kControl = 3;
constexpr int kCannotEnter = 125;
constexpr int kCannotRun = 127;
constexpr std::chrono::milliseconds kHangupGrace{2'000};

absl::Status JoinCgroups(const SandboxSpec& spec) {
  for (const auto& path : CgroupPaths(DetectCgroups(), spec.cgroup)) {
    Fd procs(::open((path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!procs.valid() || ::write(procs.get(), "0", 1) != 1) return ErrnoStatus("join " + path);
  }
  return absl::OkStatus();
}

absl::Status JoinNamespaces(const RunningSandbox& sandbox) {
  GPUAAS_ASSIGN_OR_RETURN(const int opened, OpenProcess(sandbox.first));
  const Fd process(opened);
  constexpr int kAll = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;
  return ::setns(process.get(), kAll) == 0 ? absl::OkStatus() : ErrnoStatus("enter the sandbox");
}

absl::Status SendDescriptor(int fd) {
  char byte = 'p';
  iovec data{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return ::sendmsg(kControl, &message, MSG_NOSIGNAL) == 1 ? absl::OkStatus() : ErrnoStatus("hand over the terminal");
}

// A terminal of the sandbox: its name there; the master goes to the caller.
absl::StatusOr<std::string> OpenTerminal(const EnterOptions& options) {
  Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  char name[64] = "";
  if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name, sizeof name) != 0) {
    return ErrnoStatus("open a terminal");
  }
  winsize size{options.rows, options.columns, 0, 0};
  ::ioctl(master.get(), TIOCSWINSZ, &size);
  GPUAAS_RETURN_IF_ERROR(SendDescriptor(master.get()));
  return std::string(name);
}

absl::Status TakeTerminal(const std::string& name, uid_t uid) {
  const Fd terminal(::open(name.c_str(), O_RDWR | O_CLOEXEC));
  if (!terminal.valid() || ::ioctl(terminal.get(), TIOCSCTTY, 0) != 0) return ErrnoStatus(name);
  constexpr gid_t kTtyGroup = 5;
  if (::fchown(terminal.get(), uid, kTtyGroup) != 0) return ErrnoStatus(name);
  for (int fd : {0, 1, 2}) ::dup2(terminal.get(), fd);
  return absl::OkStatus();
}

[[noreturn]] void Die(const absl::Status& status, int code) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  ::_exit(code);
}

[[noreturn]] void Run(const EnterOptions& options, const SandboxSpec& spec, const std::string& terminal) {
  ::setsid();
  ::close(kControl);
  if (!terminal.empty()) {
    if (auto status = TakeTerminal(terminal, spec.uid); !status.ok()) Die(status, kCannotEnter);
  }
  if (auto status = BecomeUser(spec.uid); !status.ok()) Die(status, kCannotEnter);
  if (::chdir(spec.home().c_str()) != 0) Die(ErrnoStatus(spec.home()), kCannotEnter);
  ::clearenv();
  for (auto variable : SessionEnvironment(spec)) ::putenv(::strdup(variable.c_str()));
  ::setenv("HOME", spec.home().c_str(), 1);
  ::setenv("USER", spec.user.c_str(), 1);
  ::setenv("LOGNAME", spec.user.c_str(), 1);
  ::setenv("SHELL", "/bin/bash", 1);
  ::setenv("LANG", "C.UTF-8", 1);
  if (options.pty) ::setenv("TERM", "xterm-256color", 1);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (options.command.empty()) {
    ::execl("/bin/bash", "-bash", static_cast<char*>(nullptr));
    Die(ErrnoStatus("/bin/bash"), kCannotRun);
  }
  std::vector<char*> argv;
  for (const auto& word : options.command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  Die(ErrnoStatus(options.command.front()), kCannotRun);
}

// Waits for the child; ends its process group when the caller is gone.
int Await(pid_t child) {
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  Fd signals(::signalfd(-1, &watched, SFD_CLOEXEC));
  bool hung_up = false;
  while (true) {
    pollfd fds[2] = {{signals.get(), POLLIN, 0}, {kControl, POLLIN, 0}};
    const int ready = ::poll(fds, hung_up ? 1 : 2, hung_up ? static_cast<int>(kHangupGrace.count()) : -1);
    if (ready == 0) ::kill(-child, SIGKILL);
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    signalfd_siginfo drained;
    if ((fds[0].revents & POLLIN) != 0) [[maybe_unused]]
      ssize_t ignored = ::read(signals.get(), &drained, sizeof drained);
    if (!hung_up && (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      hung_up = true;
      ::kill(-child, SIGHUP);
      ::kill(-child, SIGCONT);
    }
  }
}

absl::StatusOr<SandboxSpec> Join(const std::string& folder) {
  GPUAAS_ASSIGN_OR_RETURN(const std::string text, ReadFile(folder + "/spec.json"));
  GPUAAS_ASSIGN_OR_RETURN(SandboxSpec spec, ParseSpec(text));
  const auto running = FindIn(folder);
  if (!running) return MakeError(ErrorCode::kNotFound, "the sandbox is not running");
  GPUAAS_RETURN_IF_ERROR(JoinCgroups(spec));
  GPUAAS_RETURN_IF_ERROR(JoinNamespaces(*running));
  return spec;
}

}  // namespace

int EnterSandbox(const EnterOptions& options) {
  ::close_range(kControl + 1, ~0u, 0);
  RestoreFileLimit();
  ::fcntl(kControl, F_SETFD, FD_CLOEXEC);
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  auto spec = Join(options.folder);
  if (!spec.ok()) Die(spec.status(), kCannotEnter);
  std::string terminal;
  if (options.pty) {
    auto opened = OpenTerminal(options);
    if (!opened.ok()) Die(opened.status(), kCannotEnter);
    terminal = *opened;
  }
  const pid_t child = ::fork();
  if (child < 0) Die(ErrnoStatus("fork"), kCannotEnter);
  if (child == 0) Run(options, *spec, terminal);
  // The copies of the command's ends: their readers must see the end when the command closes its own.
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd : {0, 1, 2}) ::dup2(null.get(), fd);
  return Await(child);
}

}  // namespace gpuaas::node
