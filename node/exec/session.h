#pragma once

#include <sys/ioctl.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/sandbox/processes.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {

struct ExecOptions {
  std::vector<std::string> argv;  // empty: the login shell
  bool pty = false;
  unsigned short rows = 24;
  unsigned short columns = 80;
  std::optional<std::chrono::milliseconds> timeout;
};

// One command in a sandbox, and the ends of its stdin, stdout and stderr (or terminal).
class ExecSession {
 public:
  enum class Stream { kStdout, kStderr };
  // Gets output in order; false: the receiver is gone, the command is ended.
  using Sink = std::function<bool(Stream, std::string_view)>;

  // `self` is the agent's own program. kInternal: it cannot be started.
  static absl::StatusOr<std::unique_ptr<ExecSession>> Start(const std::string& self, const SandboxSpec& spec,
                                                            const ExecOptions& options);
  ~ExecSession();  // ends the command if it runs

  // Carries output to `sink` and input to the command until it has ended; then its exit code (128 + signal).
  // kDeadlineExceeded: it was ended by its timeout. To be called once; the rest may be called from other threads
  // meanwhile.
  absl::StatusOr<int> Pump(const Sink& sink);

  // Queues input; the next only after `taken` was called: the command has been given all of it, or never will be.
  void Write(std::string bytes, std::function<void()> taken);
  void CloseStdin();
  void Resize(unsigned short rows, unsigned short columns);
  void Hangup();  // the caller is gone: SIGHUP, then SIGKILL

 private:
  ExecSession() = default;
  bool WantsToFeed();
  void Woken();
  void Feed();
  bool Drain(Fd& from, Stream stream, const Sink& sink);
  void Wake();

  pid_t helper_ = 0;
  bool pty_ = false;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  Fd stdout_, stderr_, control_, wake_;

  std::mutex mutex_;  // guards what follows
  Fd stdin_;
  std::string pending_;
  std::function<void()> taken_;
  std::optional<winsize> size_;
  bool close_stdin_ = false;
  bool hangup_ = false;
};

}  // namespace gpuaas::node
