#pragma once

#include <string>

#include "absl/status/status.h"
#include "node/sandbox/spec.h"

namespace gpuaas::node {

// Fills `etc` (an empty folder): what everybody may read in the node's /etc, without the node's own accounts, names and
// resolver, for which it gets those of the sandbox; sshd's configuration; the environment of login shells.
absl::Status FillEtc(const SandboxSpec& spec, const std::string& etc);
// The lister for declared GPUs, named nvidia-smi, into the folder `bin`; `etc` holds the list it reads.
absl::Status FillGpuLister(const SandboxSpec& spec, const std::string& bin, const std::string& etc);

// /etc/gpuaas/sshd_config inside.
std::string SshdConfig(const SandboxSpec& spec);

}  // namespace gpuaas::node
