#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "platform/auth/token.h"

namespace gpuaas::platform {

// Verifies tokens against cached public keys. Thread-safe. An unknown key id fetches the keys anew, at most once in
// kRefetch, so that forged ids cannot be used to flood the key source.
class TokenVerifier {
 public:
  static constexpr std::chrono::seconds kRefetch{10};

  explicit TokenVerifier(TokenKeySource& keys);
  ~TokenVerifier();

  // The claims of a token that is ours and valid at `now`.
  // kTokenExpired: it was, but is past its exp. kTokenInvalid: anything else wrong with it (algorithm other than RS256,
  // unknown key, bad signature, issuer, audience, not yet valid, missing or mistyped claims).
  // kUnavailable and the key source's errors: the keys could not be had, which says nothing about the token.
  absl::StatusOr<Claims> Verify(std::string_view token, std::chrono::system_clock::time_point now);

 private:
  struct Key;
  absl::StatusOr<std::shared_ptr<const Key>> Find(const std::string& key_id, std::chrono::system_clock::time_point now);

  TokenKeySource& source_;
  std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const Key>> keys_;
  std::chrono::system_clock::time_point fetched_{};
};

}  // namespace gpuaas::platform
