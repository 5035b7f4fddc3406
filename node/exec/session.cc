#include "node/exec/session.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "domain/status.h"
#include "node/command/command.h"

namespace gpuaas::node {
namespace {

struct Pipe {
  Fd read, write;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// The terminal that the helper hands over; invalid if it ends instead.
Fd ReceiveDescriptor(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return Fd();
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return Fd();
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return Fd(fd);
}

std::vector<std::string> HelperWords(const std::string& self, const SandboxSpec& spec, const ExecOptions& options) {
  std::vector<std::string> words = {self, "sandbox-enter", "--folder", spec.folder};
  if (options.pty) {
    words.insert(words.end(),
                 {"--pty", "--rows", std::to_string(options.rows), "--columns", std::to_string(options.columns)});
  }
  words.push_back("--");
  words.insert(words.end(), options.argv.begin(), options.argv.end());
  return words;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExecSession>> ExecSession::Start(const std::string& self, const SandboxSpec& spec,
                                                                const ExecOptions& options) {
  auto in = MakePipe(), out = MakePipe(), err = MakePipe();
  int control[2];
  if (!in.ok() || !out.ok() || !err.ok() || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0) {
    return ErrnoStatus("pipe");
  }
  std::unique_ptr<ExecSession> session(new ExecSession());
  session->control_.Reset(control[0]);
  Fd helper_control(control[1]);
  session->wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  session->pty_ = options.pty;
  if (options.timeout) session->deadline_ = std::chrono::steady_clock::now() + *options.timeout;

  std::vector<std::string> words = HelperWords(self, spec, options);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path, nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in->read.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, out->write.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err->write.get(), 2);
  posix_spawn_file_actions_adddup2(&actions, helper_control.get(), 3);
  posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  const int error = ::posix_spawn(&session->helper_, self.c_str(), &actions, nullptr, argv.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    session->helper_ = 0;
    return MakeError(ErrorCode::kInternal, self + ": " + std::strerror(error));
  }
  helper_control.Reset(-1);
  in->read.Reset(-1), out->write.Reset(-1), err->write.Reset(-1);
  session->stdin_ = std::move(in->write);
  session->stdout_ = std::move(out->read);
  session->stderr_ = std::move(err->read);
  if (options.pty) {
    Fd terminal = ReceiveDescriptor(session->control_.get());
    if (terminal.valid()) {  // otherwise stderr says why not
      session->stdin_.Reset(::fcntl(terminal.get(), F_DUPFD_CLOEXEC, 0));
      session->stdout_ = std::move(terminal);
    }
  }
  for (Fd* fd : {&session->stdin_, &session->stdout_, &session->stderr_}) {
    ::fcntl(fd->get(), F_SETFL, ::fcntl(fd->get(), F_GETFL) | O_NONBLOCK);
  }
  return session;
}

ExecSession::~ExecSession() {
  control_.Reset(-1);
  if (helper_ > 0) ::waitpid(helper_, nullptr, 0);
}

absl::StatusOr<int> ExecSession::Pump(const Sink& sink) {
  const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, helper_, 0)));
  bool timed_out = false;
  while (true) {
    pollfd fds[5] = {{stdout_.get(), POLLIN, 0},
                     {stderr_.get(), POLLIN, 0},
                     {wake_.get(), POLLIN, 0},
                     {WantsToFeed() ? stdin_.get() : -1, POLLOUT, 0},
                     {ended.get(), POLLIN, 0}};
    int wait_ms = -1;
    if (deadline_ && !timed_out) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now());
      wait_ms = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }
    const int ready = ::poll(fds, 5, wait_ms);
    if (ready < 0 && errno != EINTR) return ErrnoStatus("poll");
    if (deadline_ && !timed_out && std::chrono::steady_clock::now() >= *deadline_) {
      timed_out = true;
      control_.Reset(-1);
    }
    if (ready <= 0) continue;
    if (fds[2].revents != 0) Woken();
    if (fds[3].revents != 0) Feed();
    if (fds[0].revents != 0) Drain(stdout_, Stream::kStdout, sink);
    if (fds[1].revents != 0) Drain(stderr_, Stream::kStderr, sink);
    if (fds[4].revents != 0) break;
  }
  while (Drain(stdout_, Stream::kStdout, sink) || Drain(stderr_, Stream::kStderr, sink)) {
  }
  int status = 0;
  while (::waitpid(helper_, &status, 0) < 0 && errno == EINTR) {
  }
  helper_ = 0;
  if (timed_out) return MakeError(ErrorCode::kDeadlineExceeded, "the command was ended by its timeout");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool ExecSession::WantsToFeed() {
  std::lock_guard lock(mutex_);
  return stdin_.valid() && (!pending_.empty() || close_stdin_);
}

void ExecSession::Woken() {
  std::uint64_t count = 0;
  [[maybe_unused]] ssize_t ignored = ::read(wake_.get(), &count, sizeof count);
  std::lock_guard lock(mutex_);
  if (hangup_) control_.Reset(-1);
  if (size_ && pty_) ::ioctl(stdout_.get(), TIOCSWINSZ, &*size_);
  size_.reset();
}

void ExecSession::Feed() {
  std::function<void()> taken;
  {
    std::lock_guard lock(mutex_);
    while (!pending_.empty()) {
      const ssize_t written = ::write(stdin_.get(), pending_.data(), pending_.size());
      if (written < 0 && errno == EAGAIN) return;
      if (written < 0 && errno != EINTR) {  // nobody reads it any more
        pending_.clear();
        close_stdin_ = true;
      } else if (written > 0) {
        pending_.erase(0, static_cast<std::size_t>(written));
      }
    }
    if (close_stdin_) {
      constexpr char kEndOfInput = 4;
      if (pty_) [[maybe_unused]]
        ssize_t ignored = ::write(stdin_.get(), &kEndOfInput, 1);
      stdin_.Reset(-1);
    }
    taken = std::exchange(taken_, nullptr);
  }
  if (taken) taken();
}

// Whether there was anything.
bool ExecSession::Drain(Fd& from, Stream stream, const Sink& sink) {
  if (!from.valid()) return false;
  char buffer[32 * 1024];
  const ssize_t got = ::read(from.get(), buffer, sizeof buffer);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) {  // EIO: the terminal's last user is gone
    from.Reset(-1);
    return false;
  }
  if (!sink(stream, {buffer, static_cast<std::size_t>(got)})) {
    control_.Reset(-1);
    from.Reset(-1);
  }
  return true;
}

void ExecSession::Wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
}

void ExecSession::Write(std::string bytes, std::function<void()> taken) {
  {
    std::lock_guard lock(mutex_);
    if (stdin_.valid()) {
      pending_ += bytes;
      taken_ = std::exchange(taken, nullptr);
    }
  }
  if (taken) taken();
  Wake();
}

void ExecSession::CloseStdin() {
  {
    std::lock_guard lock(mutex_);
    close_stdin_ = true;
  }
  Wake();
}

void ExecSession::Resize(unsigned short rows, unsigned short columns) {
  {
    std::lock_guard lock(mutex_);
    size_ = winsize{rows, columns, 0, 0};
  }
  Wake();
}

void ExecSession::Hangup() {
  {
    std::lock_guard lock(mutex_);
    hangup_ = true;
  }
  Wake();
}

}  // namespace gpuaas::node
