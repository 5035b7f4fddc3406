#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"

namespace gpuaas::node {

// The node's account of one allocation: own uid and group, no password, but not locked either (sshd refuses locked
// ones). kConflict: the name or the uid belongs to another account. A repeat is success.
absl::Status EnsureUser(const std::string& name, uid_t uid);
// Absent is success. The account's processes must be gone.
absl::Status RemoveUser(const std::string& name);
// Whether the node knows an account or group with that number.
bool IsUidTaken(uid_t uid);

}  // namespace gpuaas::node
