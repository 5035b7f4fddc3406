#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gpuaas::api {

struct PublicKey {
  std::string line;         // "ssh-ed25519 AAAA...": type and base64, without the comment
  std::string fingerprint;  // "SHA256:..." as ssh-keygen shows it
};

// Reads one line of authorized_keys without options; a comment is dropped. kInvalidArgument with details.fields for
// anything else, DSA and RSA keys below 2048 bits included. A private key is told apart in the message.
absl::StatusOr<PublicKey> ParsePublicKey(std::string_view text);

}  // namespace gpuaas::api
