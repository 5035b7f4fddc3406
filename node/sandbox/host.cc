#include "node/sandbox/host.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "absl/strings/escaping.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "nlohmann/json.hpp"
#include "node/command/command.h"
#include "node/sandbox/user.h"

namespace gpuaas::node {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kStartBound{20'000};
constexpr std::chrono::milliseconds kKillBound{10'000};

std::string MarkOf(const std::string& folder) { return folder + "/running.json"; }

absl::Status EnsureFolder(const std::string& path, mode_t mode, uid_t owner) {
  std::error_code error;
  fs::create_directories(path, error);
  if (::chown(path.c_str(), owner, owner) != 0 || ::chmod(path.c_str(), mode) != 0) return ErrnoStatus(path);
  return absl::OkStatus();
}

// Reads the one line that the starting process reports.
absl::Status AwaitReport(int fd) {
  std::string line;
  const auto deadline = std::chrono::steady_clock::now() + kStartBound;
  while (line.find('\n') == line.npos) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) == 0) {
      return MakeError(ErrorCode::kInternal, "the sandbox does not start in time");
    }
    char buffer[512];
    ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return MakeError(ErrorCode::kInternal, "the sandbox's starting process ended without a word");
    line.append(buffer, static_cast<std::size_t>(got));
  }
  line.pop_back();
  if (line == "up") return absl::OkStatus();
  return MakeError(ErrorCode::kInternal, "the sandbox does not start: " + line);
}

// As `ssh-keygen -l` shows it.
std::string FingerprintOf(const std::string& public_key) {
  std::istringstream words(public_key);
  std::string type, encoded, blob;
  words >> type >> encoded;
  if (!absl::Base64Unescape(encoded, &blob)) return "";
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(blob.data()), blob.size(), hash);
  std::string text = absl::Base64Escape({reinterpret_cast<const char*>(hash), sizeof hash});
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

}  // namespace

std::string ContactFileIn(const std::string& state_dir) { return state_dir + "/contact"; }

std::string JoinedCgroups(const std::string& cgroup) {
  std::string joined;
  for (const auto& path : CgroupPaths(DetectCgroups(), cgroup)) joined += (joined.empty() ? "" : ":") + path;
  return joined;
}

std::optional<RunningSandbox> FindIn(const std::string& folder) {
  auto text = ReadFile(MarkOf(folder));
  if (!text.ok()) return std::nullopt;
  auto mark = nlohmann::json::parse(*text, nullptr, false);
  if (!mark.is_object()) return std::nullopt;
  RunningSandbox running;
  running.first = {mark.value("pid", 0), mark.value("start_time", std::uint64_t{0})};
  running.port = mark.value("port", 0);
  // After a reboot the same pair may belong to another process: the boot is part of the name.
  auto boot = ReadFile("/proc/sys/kernel/random/boot_id");
  if (!boot.ok() || mark.value("boot_id", "") != *boot || !IsRunning(running.first)) return std::nullopt;
  auto key = ReadFile(folder + "/ssh/host_key.pub");
  if (!key.ok()) return std::nullopt;
  running.host_public_key = key->substr(0, key->find_last_not_of(" \n") + 1);
  running.host_fingerprint = FingerprintOf(running.host_public_key);
  return running;
}

LinuxHost::LinuxHost(NetworkOptions network, std::string self, const std::string& state_dir)
    : network_(std::move(network)),
      self_(std::move(self)),
      contact_file_(ContactFileIn(state_dir)),
      cgroups_(DetectCgroups()),
      trash_(state_dir + "/trash") {}

absl::Status LinuxHost::Prepare() {
  GPUAAS_RETURN_IF_ERROR(trash_.Start());
  return EnsureBridge(network_);
}

absl::Status LinuxHost::Dismantle() {
  GPUAAS_RETURN_IF_ERROR(RemoveBridge(network_));
  GPUAAS_RETURN_IF_ERROR(RemoveCgroups(cgroups_, "gpuaas-" + network_.instance));
  return trash_.Remove();
}

absl::StatusOr<RunningSandbox> LinuxHost::Start(const SandboxSpec& spec) {
  if (auto running = Find(spec)) return *running;
  GPUAAS_RETURN_IF_ERROR(EnsureUser(spec.user, spec.uid));
  GPUAAS_RETURN_IF_ERROR(MakeFolders(spec));
  GPUAAS_RETURN_IF_ERROR(EnsureSandboxNetwork(network_, spec));
  EnsureCgroups(cgroups_, spec);
  GPUAAS_RETURN_IF_ERROR(WriteFile(spec.folder + "/spec.json", ToJson(spec), 0600));
  return Launch(spec);
}

absl::Status LinuxHost::MakeFolders(const SandboxSpec& spec) {
  GPUAAS_RETURN_IF_ERROR(EnsureFolder(spec.folder, 0711, 0));
  GPUAAS_RETURN_IF_ERROR(EnsureFolder(spec.folder + "/root", 0755, 0));
  GPUAAS_RETURN_IF_ERROR(EnsureFolder(spec.folder + "/ssh", 0755, 0));
  const std::string home = spec.folder + "/home";
  const bool fresh = !fs::exists(home);
  GPUAAS_RETURN_IF_ERROR(EnsureFolder(home, 0700, spec.uid));
  if (fresh) {
    for (const char* file : {".bashrc", ".profile", ".bash_logout"}) {
      std::error_code ignored;
      fs::copy_file(std::string("/etc/skel/") + file, home + "/" + file, ignored);
      [[maybe_unused]] int result = ::lchown((home + "/" + file).c_str(), spec.uid, spec.uid);
    }
  }
  const std::string key = spec.folder + "/ssh/host_key";
  if (fs::exists(key + ".pub")) return absl::OkStatus();
  std::error_code ignored;
  fs::remove(key, ignored);
  GPUAAS_RETURN_IF_ERROR(RunTool({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key}).status());
  // sshd refuses a file that is missing no less than an empty one: nobody gets in before keys are written.
  return fs::exists(spec.folder + "/ssh/authorized_keys") ? absl::OkStatus() : WriteKeys(spec, "");
}

absl::StatusOr<RunningSandbox> LinuxHost::Launch(const SandboxSpec& spec) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return ErrnoStatus("pipe");
  Fd from(pipe[0]), to(pipe[1]);
  const std::string spec_file = spec.folder + "/spec.json";
  const std::string cgroups = JoinedCgroups(spec.cgroup);
  std::vector<std::string> words = {self_,       "sandbox-run", "--spec",    spec_file,
                                    "--cgroups", cgroups,       "--contact", contact_file_};
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path, nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to.get(), 3);
  posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  pid_t starter = 0;
  const int error = ::posix_spawn(&starter, self_.c_str(), &actions, nullptr, argv.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return MakeError(ErrorCode::kInternal, self_ + ": " + std::strerror(error));
  to.Reset(-1);
  const absl::Status report = AwaitReport(from.get());
  if (!report.ok()) ::kill(starter, SIGKILL);
  ::waitpid(starter, nullptr, 0);
  GPUAAS_RETURN_IF_ERROR(report);
  auto running = FindIn(spec.folder);
  if (!running) return MakeError(ErrorCode::kInternal, "the sandbox ended as soon as it was up");
  return *running;
}

std::optional<RunningSandbox> LinuxHost::Find(const SandboxSpec& spec) { return FindIn(spec.folder); }

absl::Status LinuxHost::Stop(const SandboxSpec& spec) {
  if (auto running = Find(spec)) GPUAAS_RETURN_IF_ERROR(KillProcess(running->first, kKillBound));
  return absl::OkStatus();
}

absl::Status LinuxHost::Remove(const SandboxSpec& spec) {
  GPUAAS_RETURN_IF_ERROR(Stop(spec));
  GPUAAS_RETURN_IF_ERROR(RemoveCgroups(cgroups_, spec.cgroup));
  GPUAAS_RETURN_IF_ERROR(RemoveSandboxNetwork(spec));
  GPUAAS_RETURN_IF_ERROR(RemoveUser(spec.user));
  return trash_.Put(spec.folder);
}

absl::Status LinuxHost::WriteKeys(const SandboxSpec& spec, const std::string& authorized_keys) {
  return WriteFile(spec.folder + "/ssh/authorized_keys", authorized_keys, 0644);
}

}  // namespace gpuaas::node
