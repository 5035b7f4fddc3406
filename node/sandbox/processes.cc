#include "node/sandbox/processes.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <sstream>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "node/command/command.h"

namespace gpuaas::node {

void Fd::Reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

std::uint64_t StartTimeOf(pid_t pid) {
  auto stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  if (!stat.ok()) return 0;
  // The second field, the name, may hold anything: count from its closing bracket. State is field 3, start time 22.
  const auto bracket = stat->rfind(')');
  if (bracket == std::string::npos) return 0;
  std::istringstream fields(stat->substr(bracket + 1));
  std::string state, skipped;
  std::uint64_t start_time = 0;
  fields >> state;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  fields >> start_time;
  return state == "Z" || state == "X" ? 0 : start_time;
}

bool IsRunning(const ProcessId& process) {
  // Reaps it if it was our child and has ended.
  ::waitpid(process.pid, nullptr, WNOHANG);
  return process.pid > 0 && process.start_time != 0 && StartTimeOf(process.pid) == process.start_time;
}

absl::StatusOr<int> OpenProcess(const ProcessId& process) {
  Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!fd.valid() || !IsRunning(process)) return MakeError(ErrorCode::kNotFound, "the process is gone");
  return fd.Release();
}

absl::Status KillProcess(const ProcessId& process, std::chrono::milliseconds within) {
  auto opened = OpenProcess(process);
  if (!opened.ok()) return absl::OkStatus();
  Fd fd(*opened);
  if (::syscall(SYS_pidfd_send_signal, fd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH) {
    return ErrnoStatus("kill " + std::to_string(process.pid));
  }
  pollfd ended{fd.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(within.count())) == 0) {
    return MakeError(ErrorCode::kInternal, "process " + std::to_string(process.pid) + " does not end");
  }
  ::waitpid(process.pid, nullptr, WNOHANG);
  return absl::OkStatus();
}

}  // namespace gpuaas::node
