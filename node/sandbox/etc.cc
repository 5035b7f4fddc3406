#include "node/sandbox/etc.h"

#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "domain/status_macros.h"
#include "node/command/command.h"

namespace gpuaas::node {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kFirstPersonalId = 1000;
constexpr unsigned kNobody = 65534;
constexpr std::uintmax_t kLargestFile = 4 << 20;

bool IsForEverybody(const fs::directory_entry& entry) {
  const auto mode = entry.symlink_status().permissions();
  const bool readable = (mode & fs::perms::others_read) != fs::perms::none;
  return readable && (!entry.is_directory() || (mode & fs::perms::others_exec) != fs::perms::none);
}

void CopyFolder(const fs::path& from, const fs::path& to) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(from, fs::directory_options::skip_permission_denied, ignored)) {
    const fs::path target = to / entry.path().filename();
    if (entry.is_symlink()) {
      fs::copy_symlink(entry.path(), target, ignored);
    } else if (!IsForEverybody(entry)) {
      continue;
    } else if (entry.is_directory()) {
      fs::create_directory(target, ignored);
      CopyFolder(entry.path(), target);
    } else if (entry.is_regular_file(ignored) && entry.file_size(ignored) <= kLargestFile) {
      fs::copy_file(entry.path(), target, ignored);
    }
  }
}

// The node's system accounts (sshd, nobody, ...): other people's names are nobody's business.
std::string SystemLines(const std::string& file) {
  std::ifstream source(file);
  std::string line, kept;
  while (std::getline(source, line)) {
    const auto second = line.find(':', line.find(':') + 1);
    if (second == line.npos) continue;
    unsigned id = 0;
    const char* end = line.data() + line.size();
    if (std::from_chars(line.data() + second + 1, end, id).ec != std::errc()) continue;
    if (id < kFirstPersonalId || id == kNobody) kept += line + "\n";
  }
  return kept;
}

std::string ShadowOf(const std::string& passwd) {
  std::istringstream lines(passwd);
  std::string line, shadow;
  while (std::getline(lines, line)) shadow += line.substr(0, line.find(':')) + ":*:19000:0:99999:7:::\n";
  return shadow;
}

std::string Exports(const SandboxSpec& spec) {
  std::string text;
  for (const auto& variable : SessionEnvironment(spec)) {
    const auto equals = variable.find('=');
    text += "export " + variable.substr(0, equals) + "='" + variable.substr(equals + 1) + "'\n";
  }
  return text;
}

absl::Status Replace(const std::string& path, const std::string& content, unsigned mode) {
  std::error_code ignored;
  fs::remove(path, ignored);
  return WriteFile(path, content, mode);
}

// Understands what people and scripts use of the real one: the list (-L) and --query-gpu with --format=csv.
constexpr char kLister[] = R"sh(#!/bin/sh
# Lists the GPUs of this allocation; they are declared ones, without silicon behind them.
list=/etc/gpuaas/gpus
query= header=1 units=1
for word; do
  case $word in
    -L|--list-gpus)
      while IFS='|' read -r i uuid model mib; do echo "GPU $i: $model (UUID: $uuid)"; done <$list
      exit 0 ;;
    --query-gpu=*) query=${word#*=} ;;
    --format=*) case $word in *noheader*) header= ;; esac; case $word in *nounits*) units= ;; esac ;;
    *)
      echo "nvidia-smi: $word is not known to this simulation; try -L or --query-gpu=index,uuid,name,memory.total" >&2
      exit 2 ;;
  esac
done
if [ -z "$query" ]; then
  echo "Simulated GPUs of this allocation"
  while IFS='|' read -r i uuid model mib; do
    printf '| %3s  %-24s %8s MiB  %s |\n' "$i" "$model" "$mib" "$uuid"
  done <$list
  exit 0
fi
[ -z "$header" ] || echo "$query" | sed 's/,/, /g'
while IFS='|' read -r i uuid model mib; do
  line= separator=
  for field in $(echo "$query" | tr , ' '); do
    case $field in
      index) value=$i ;; uuid|gpu_uuid) value=$uuid ;; name|gpu_name) value=$model ;;
      memory.total) value=$mib${units:+ MiB} ;; memory.used) value=0${units:+ MiB} ;;
      utilization.gpu) value=0${units:+ %} ;; driver_version) value=simulated ;; count) value=$(wc -l <$list) ;;
      *) echo "nvidia-smi: field $field is not known to this simulation" >&2; exit 2 ;;
    esac
    line=$line$separator$value separator=', '
  done
  echo "$line"
done <$list
)sh";

}  // namespace

std::string SshdConfig(const SandboxSpec& spec) {
  std::string environment;
  for (const auto& variable : SessionEnvironment(spec)) environment += " " + variable;
  return "HostKey /etc/gpuaas/ssh/host_key\n"
         "AuthorizedKeysFile /etc/gpuaas/ssh/authorized_keys\n"
         "AllowUsers " +
         spec.user +
         "\n"
         "SetEnv" +
         environment +
         "\n"
         "AuthenticationMethods publickey\n"
         "PubkeyAuthentication yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
         "PermitRootLogin no\nUsePAM no\nPermitUserEnvironment no\nAcceptEnv LANG LC_*\n"
         "AllowTcpForwarding yes\nAllowAgentForwarding yes\nX11Forwarding no\nPermitTunnel no\n"
         "PrintMotd no\nUseDNS no\nPidFile none\nLoginGraceTime 30\nMaxAuthTries 6\n"
         "ClientAliveInterval 30\nClientAliveCountMax 4\nLogLevel ERROR\nSubsystem sftp internal-sftp\n";
}

absl::Status FillEtc(const SandboxSpec& spec, const std::string& etc) {
  CopyFolder("/etc", etc);
  const std::string id = std::to_string(spec.uid);
  const std::string passwd =
      SystemLines("/etc/passwd") + spec.user + ":x:" + id + ":" + id + "::" + spec.home() + ":/bin/bash\n";
  GPUAAS_RETURN_IF_ERROR(Replace(etc + "/passwd", passwd, 0644));
  GPUAAS_RETURN_IF_ERROR(Replace(etc + "/group", SystemLines("/etc/group") + spec.user + ":x:" + id + ":\n", 0644));
  GPUAAS_RETURN_IF_ERROR(Replace(etc + "/shadow", ShadowOf(passwd), 0600));
  GPUAAS_RETURN_IF_ERROR(Replace(etc + "/hostname", spec.hostname + "\n", 0644));
  GPUAAS_RETURN_IF_ERROR(Replace(
      etc + "/hosts", "127.0.0.1 localhost\n::1 localhost\n" + spec.address + " " + spec.hostname + "\n", 0644));
  auto resolver = ReadFile("/etc/resolv.conf");
  GPUAAS_RETURN_IF_ERROR(Replace(etc + "/resolv.conf", resolver.ok() ? *resolver : "", 0644));
  for (const char* own : {"passwd-", "group-", "subuid", "subgid", "subuid-", "subgid-", "machine-id"}) {
    std::error_code ignored;
    fs::remove(etc + "/" + own, ignored);
  }
  std::error_code error;
  fs::create_directories(etc + "/gpuaas/ssh", error);
  fs::create_directories(etc + "/profile.d", error);
  GPUAAS_RETURN_IF_ERROR(Replace(etc + "/gpuaas/sshd_config", SshdConfig(spec), 0644));
  return Replace(etc + "/profile.d/gpuaas.sh", Exports(spec), 0644);
}

absl::Status FillGpuLister(const SandboxSpec& spec, const std::string& bin, const std::string& etc) {
  if (!spec.simulated) return absl::OkStatus();
  std::string list;
  for (const auto& gpu : spec.gpus) {
    list += std::to_string(gpu.index) + "|" + gpu.uuid + "|" + gpu.model + "|" +
            std::to_string(gpu.memory_bytes >> 20) + "\n";
  }
  GPUAAS_RETURN_IF_ERROR(WriteFile(etc + "/gpuaas/gpus", list, 0644));
  return WriteFile(bin + "/nvidia-smi", kLister, 0755);
}

}  // namespace gpuaas::node
