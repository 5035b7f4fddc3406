#pragma once

#include "absl/status/status.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {

// Builds the sandbox's view of the file system and enters it. Runs as the first process of fresh mount, pid, ipc, uts
// and network namespaces. What is seen: the node's /usr and /opt (read only, no setuid), a copy of what everybody may
// read in /etc with accounts of its own, empty /tmp, /run and /var, own /proc, /sys and /dev (with its GPUs' nodes
// only), the allocation's home and, read only, its ssh/ folder as /etc/gpuaas/ssh. Nothing else of the node.
absl::Status EnterRoot(const SandboxSpec& spec);

}  // namespace gpuaas::node
