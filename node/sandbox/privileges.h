#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"

namespace gpuaas::node {

// For the sandbox's first process, which stays root to start sshd: no program run from here on can gain rights by
// setuid or file capabilities, and only what sshd needs remains in reach, of capabilities and of system calls.
absl::Status KeepOnlyWhatSshdNeeds();

// As many open files as the hard limit allows, for the agent itself; and the customary number, which programs in a
// sandbox expect to find.
void RaiseFileLimit();
void RestoreFileLimit();

// Becomes that user for good, with no other group and no capability.
absl::Status BecomeUser(uid_t uid);

}  // namespace gpuaas::node
