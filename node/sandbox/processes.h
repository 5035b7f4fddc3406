#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gpuaas::node {

// A process that is named beyond doubt: numbers are used again, together with the start time they are not.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
};

// The start time of a process that runs (a zombie does not); 0 if there is none.
std::uint64_t StartTimeOf(pid_t pid);
bool IsRunning(const ProcessId& process);
// A pidfd of exactly that process, for the caller to close. kNotFound: it is gone.
absl::StatusOr<int> OpenProcess(const ProcessId& process);
// SIGKILL, and waits for its end; gone is success. kInternal: it does not end in time.
absl::Status KillProcess(const ProcessId& process, std::chrono::milliseconds within);

// An owned file descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~Fd() { Reset(-1); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void Reset(int fd);

 private:
  int fd_;
};

}  // namespace gpuaas::node
