#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {

// Where this kernel keeps which controller: hierarchies of version 1, the one of version 2, or both (hybrid).
struct CgroupLayout {
  struct Hierarchy {
    std::string root;  // mount point, "/sys/fs/cgroup/memory"
    std::string controller;
    bool unified = false;
  };
  std::vector<Hierarchy> hierarchies;  // those of memory, cpu, pids, devices that can be written
};
CgroupLayout DetectCgroups();

// Makes the groups of a sandbox and sets its limits; what could not be limited is said in the log, once per sandbox.
// The paths into whose cgroup.procs each of its processes has to be written.
std::vector<std::string> EnsureCgroups(const CgroupLayout& layout, const SandboxSpec& spec);
// The groups of a sandbox that exist.
std::vector<std::string> CgroupPaths(const CgroupLayout& layout, const std::string& cgroup);
// Its processes must be gone. Absent is success.
absl::Status RemoveCgroups(const CgroupLayout& layout, const std::string& cgroup);

}  // namespace gpuaas::node
