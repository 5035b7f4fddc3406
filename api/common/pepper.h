#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "platform/renewed/renewed.h"

namespace gpuaas::platform {
class Vault;
}

namespace gpuaas::api {

// Keyed hashes of secrets and of requests that may hold some. The key is read from the secret store at first use and
// kept. Thread-safe.
class Pepper {
 public:
  explicit Pepper(platform::Vault& vault);

  // Hex HMAC-SHA-256. Errors of the secret store until the key was read once.
  absl::StatusOr<std::string> Hash(std::string_view text);

 private:
  platform::Renewed<std::string> key_;
};

}  // namespace gpuaas::api
