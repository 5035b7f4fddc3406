#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/sandbox/cgroups.h"
#include "node/sandbox/network.h"
#include "node/sandbox/processes.h"
#include "node/sandbox/spec.h"
#include "node/sandbox/trash.h"

namespace gpuaas::node {

struct RunningSandbox {
  ProcessId first;  // of its pid namespace
  int port = 0;
  std::string host_public_key;   // "ssh-ed25519 AAAA..."
  std::string host_fingerprint;  // "SHA256:..."
};

// What a node does for sandboxes; the manager decides when. Implementations are thread-safe for different allocations.
class SandboxHost {
 public:
  virtual ~SandboxHost() = default;
  // Makes whatever is missing and starts it. One that runs is left alone, also if another process started it.
  virtual absl::StatusOr<RunningSandbox> Start(const SandboxSpec& spec) = 0;
  // The running one, or nothing.
  virtual std::optional<RunningSandbox> Find(const SandboxSpec& spec) = 0;
  // Ends all its processes; account, files and network stay.
  virtual absl::Status Stop(const SandboxSpec& spec) = 0;
  // Stops it and removes every trace; its files are out of reach then and are deleted later. What is gone already is
  // success.
  virtual absl::Status Remove(const SandboxSpec& spec) = 0;
  // Replaces its authorized_keys.
  virtual absl::Status WriteKeys(const SandboxSpec& spec, const std::string& authorized_keys) = 0;
};

// With accounts, namespaces, cgroups and a bridge of this kernel. `self` is the agent's own program, `state_dir` its
// folder, where contact_file.h's file is.
class LinuxHost final : public SandboxHost {
 public:
  LinuxHost(NetworkOptions network, std::string self, const std::string& state_dir);

  // The bridge and its firewall, and the deletion of what is left over; to be called once before Start.
  absl::Status Prepare();
  // Takes them away again; no sandbox may be left.
  absl::Status Dismantle();

  absl::StatusOr<RunningSandbox> Start(const SandboxSpec& spec) override;
  std::optional<RunningSandbox> Find(const SandboxSpec& spec) override;
  absl::Status Stop(const SandboxSpec& spec) override;
  absl::Status Remove(const SandboxSpec& spec) override;
  absl::Status WriteKeys(const SandboxSpec& spec, const std::string& authorized_keys) override;

 private:
  absl::Status MakeFolders(const SandboxSpec& spec);
  absl::StatusOr<RunningSandbox> Launch(const SandboxSpec& spec);

  const NetworkOptions network_;
  const std::string self_;
  const std::string contact_file_;
  CgroupLayout cgroups_;
  Trash trash_;
};

std::string ContactFileIn(const std::string& state_dir);
// Where the cgroups of a sandbox are, for what else must join them; separated by colons.
std::string JoinedCgroups(const std::string& cgroup);
// The running sandbox that left its mark in `folder`, or nothing.
std::optional<RunningSandbox> FindIn(const std::string& folder);

}  // namespace gpuaas::node
