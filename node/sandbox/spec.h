#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/inventory/inventory.h"

namespace gpuaas::node {

// Everything that decides what one sandbox is. Written to `<folder>/spec.json` for the processes that make and enter
// it.
struct SandboxSpec {
  std::string allocation_id;
  std::string folder;  // on the node: home/, ssh/, spec.json, sandbox.log
  std::string user;
  uid_t uid = 0;  // also the gid
  std::string hostname;
  std::vector<GpuInfo> gpus;
  bool simulated = false;  // GPUs are declared: fake device nodes, and our own lister

  std::string netns;    // name under /run/netns
  std::string veth;     // the end in the node's network namespace
  std::string address;  // of the sandbox, without the prefix length
  std::string listen_host;
  int first_port = 0;  // where its sshd can be reached: the first free one of this range
  int last_port = 0;

  std::string cgroup;               // path below each hierarchy's root
  std::uint32_t cpus = 0;           // 0: no limit
  std::uint64_t memory_bytes = 0;   // 0: no limit
  std::vector<std::string> hidden;  // folders of the node that must not be seen inside

  std::string home() const { return "/home/" + user; }
  // What NVIDIA_VISIBLE_DEVICES says: UUIDs in index order, separated by commas; "void" for none.
  std::string visible_devices() const;
};

std::string ToJson(const SandboxSpec& spec);
// kInternal: not one of ours.
absl::StatusOr<SandboxSpec> ParseSpec(std::string_view json);

// NAME=VALUE of every session in the sandbox, however it is entered.
std::vector<std::string> SessionEnvironment(const SandboxSpec& spec);

}  // namespace gpuaas::node
