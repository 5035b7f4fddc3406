#include "node/sandbox/cgroups.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "domain/status.h"
#include "node/command/command.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

constexpr int kMaxProcesses = 16'384;
constexpr int kCpuPeriodUs = 100'000;
const std::vector<std::string> kWanted = {"memory", "cpu", "pids", "devices"};

bool Put(const std::string& path, const std::string& value) {
  std::ofstream file(path);
  return static_cast<bool>(file << value << std::flush);
}

bool Contains(const std::string& list, const std::string& word) {
  std::string item;
  std::istringstream words(list);
  while (std::getline(words, item, ',')) {
    if (item == word) return true;
  }
  return false;
}

bool MakePath(const std::string& root, const std::string& below) {
  for (std::size_t slash = below.find('/');; slash = below.find('/', slash + 1)) {
    const std::string path = root + "/" + below.substr(0, slash);
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return false;
    if (slash == below.npos) return true;
  }
}

// Terminals, the harmless pseudo devices and the sandbox's own GPUs; nothing else can be opened, whoever makes the
// node.
bool LimitDevices(const std::string& group, const SandboxSpec& spec) {
  if (!Put(group + "/devices.deny", "a")) return false;
  bool done = true;
  for (const char* rule :
       {"c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"}) {
    done = Put(group + "/devices.allow", rule) && done;
  }
  if (spec.simulated) return done;
  std::vector<std::string> paths = {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"};
  for (const auto& gpu : spec.gpus) paths.push_back(gpu.device_path);
  for (const auto& path : paths) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) continue;
    done = Put(group + "/devices.allow",
               "c " + std::to_string(major(info.st_rdev)) + ":" + std::to_string(minor(info.st_rdev)) + " rwm") &&
           done;
  }
  return done;
}

bool Limit(const CgroupLayout::Hierarchy& hierarchy, const std::string& group, const SandboxSpec& spec) {
  const std::string quota = std::to_string(static_cast<std::int64_t>(spec.cpus) * kCpuPeriodUs);
  const std::string period = std::to_string(kCpuPeriodUs);
  const std::string memory = std::to_string(spec.memory_bytes);
  const std::string& what = hierarchy.controller;
  if (what == "pids") return Put(group + "/pids.max", std::to_string(kMaxProcesses));
  if (what == "devices") return LimitDevices(group, spec);
  if (what == "memory") {
    if (spec.memory_bytes == 0) return true;
    return Put(group + (hierarchy.unified ? "/memory.max" : "/memory.limit_in_bytes"), memory);
  }
  if (spec.cpus == 0) return true;
  if (hierarchy.unified) return Put(group + "/cpu.max", quota + " " + period);
  return Put(group + "/cpu.cfs_period_us", period) && Put(group + "/cpu.cfs_quota_us", quota);
}

}  // namespace

CgroupLayout DetectCgroups() {
  CgroupLayout layout;
  std::ifstream mounts("/proc/self/mounts");
  std::string line;
  while (std::getline(mounts, line)) {
    std::istringstream words(line);
    std::string device, root, type, options;
    words >> device >> root >> type >> options;
    if (::access(root.c_str(), W_OK) != 0) continue;
    if (type == "cgroup") {
      for (const auto& controller : kWanted) {
        if (Contains(options, controller)) layout.hierarchies.push_back({root, controller, false});
      }
    } else if (type == "cgroup2") {
      std::ifstream available(root + "/cgroup.controllers");
      std::string controller;
      while (available >> controller) {
        const bool wanted = controller == "memory" || controller == "cpu" || controller == "pids";
        if (wanted && Put(root + "/cgroup.subtree_control", "+" + controller)) {
          layout.hierarchies.push_back({root, controller, true});
        }
      }
    }
  }
  return layout;
}

std::vector<std::string> EnsureCgroups(const CgroupLayout& layout, const SandboxSpec& spec) {
  std::string unlimited;
  for (const auto& controller : kWanted) {
    bool limited = false;
    for (const auto& hierarchy : layout.hierarchies) {
      if (hierarchy.controller != controller) continue;
      limited = MakePath(hierarchy.root, spec.cgroup);
      if (limited && hierarchy.unified) {
        const std::string parent = hierarchy.root + "/" + spec.cgroup.substr(0, spec.cgroup.find('/'));
        limited = Put(parent + "/cgroup.subtree_control", "+" + controller);
      }
      limited = limited && Limit(hierarchy, hierarchy.root + "/" + spec.cgroup, spec);
    }
    if (!limited) unlimited += (unlimited.empty() ? "" : ",") + controller;
  }
  if (!unlimited.empty()) {
    platform::LogWarning("this kernel's cgroups do not limit everything",
                         {{"allocation_id", spec.allocation_id}, {"not_limited", unlimited}});
  }
  return CgroupPaths(layout, spec.cgroup);
}

std::vector<std::string> CgroupPaths(const CgroupLayout& layout, const std::string& cgroup) {
  std::vector<std::string> paths;
  for (const auto& hierarchy : layout.hierarchies) {
    const std::string path = hierarchy.root + "/" + cgroup;
    const bool known = !paths.empty() && paths.back() == path;
    if (!known && ::access(path.c_str(), F_OK) == 0) paths.push_back(path);
  }
  return paths;
}

absl::Status RemoveCgroups(const CgroupLayout& layout, const std::string& cgroup) {
  absl::Status result;
  for (const auto& path : CgroupPaths(layout, cgroup)) {
    // The kernel lets go of the last process a moment after its end.
    for (int attempt = 0; ::rmdir(path.c_str()) != 0 && errno != ENOENT; ++attempt) {
      if (errno != EBUSY || attempt == 100) {
        result = ErrnoStatus("remove " + path);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  return result;
}

}  // namespace gpuaas::node
