#include "node/command/command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "domain/status.h"

namespace gpuaas::node {
namespace {

char kPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
char kLocale[] = "LC_ALL=C";

std::string LastWords(const std::string& output) {
  constexpr std::size_t kKept = 300;
  std::string text = output.size() > kKept ? output.substr(output.size() - kKept) : output;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// Feeds `input` and collects the output until the tool has closed its end.
std::string Converse(int to_tool, int from_tool, std::string_view input) {
  std::string output;
  while (true) {
    if (input.empty() && to_tool >= 0) {
      ::close(to_tool);
      to_tool = -1;
    }
    pollfd fds[2] = {{from_tool, POLLIN, 0}, {to_tool, POLLOUT, 0}};
    if (::poll(fds, to_tool >= 0 ? 2 : 1, -1) < 0 && errno != EINTR) break;
    if (to_tool >= 0 && fds[1].revents != 0) {
      ssize_t written = ::write(to_tool, input.data(), input.size());
      input.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : input.size());
    }
    if (fds[0].revents != 0) {
      char buffer[4096];
      ssize_t got = ::read(from_tool, buffer, sizeof buffer);
      if (got <= 0) break;
      output.append(buffer, static_cast<std::size_t>(got));
    }
  }
  if (to_tool >= 0) ::close(to_tool);
  return output;
}

}  // namespace

absl::Status ErrnoStatus(std::string_view what) {
  const int error = errno;
  return MakeError(ErrorCode::kInternal, std::string(what) + ": " + std::strerror(error));
}

absl::StatusOr<std::string> RunTool(const std::vector<std::string>& argv, std::string_view input) {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  if (::pipe2(out, O_CLOEXEC) != 0) {
    auto status = ErrnoStatus("pipe");
    ::close(in[0]), ::close(in[1]);
    return status;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, out[1], 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  char* environment[] = {kPath, kLocale, nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, words[0], &actions, &attributes, words.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(in[0]), ::close(out[1]);
  if (error != 0) {
    ::close(in[1]), ::close(out[0]);
    return MakeError(ErrorCode::kInternal, argv.front() + ": " + std::strerror(error));
  }
  std::string output = Converse(in[1], out[0], input);
  ::close(out[0]);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  std::string line;
  for (std::size_t i = 0; i < std::min<std::size_t>(argv.size(), 4); ++i) line += (i > 0 ? " " : "") + argv[i];
  return MakeError(ErrorCode::kInternal, line + ": " + LastWords(output));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return ErrnoStatus(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

absl::Status WriteFile(const std::string& path, std::string_view content, unsigned mode) {
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return ErrnoStatus(beside);
  bool done = ::fchmod(fd, mode) == 0;
  while (done && !content.empty()) {
    ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    done = written > 0;
    if (done) content.remove_prefix(static_cast<std::size_t>(written));
  }
  done = done && ::fsync(fd) == 0;
  done = ::close(fd) == 0 && done;
  if (done && ::rename(beside.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const absl::Status status = ErrnoStatus(path);
  ::unlink(beside.c_str());
  return status;
}

}  // namespace gpuaas::node
