#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "node/journal/state.h"

namespace gpuaas::node {

// Whether it is one OpenSSH public key ("<type> <base64> [comment]") without options, of a type that sshd still takes.
// kInvalidArgument otherwise.
absl::Status CheckPublicKey(std::string_view line);

// The file for sshd: each owner's keys, comments replaced by "<owner>:<key id>".
std::string RenderAuthorizedKeys(const std::map<std::string, std::vector<AuthorizedKey>>& keys);

}  // namespace gpuaas::node
