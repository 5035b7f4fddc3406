#pragma once

#include <mutex>
#include <string>

#include "platform/auth/token.h"
#include "platform/vault/vault.h"

namespace gpuaas::api {

// Tokens are signed by the transit key `jwt-signing`; a key id is the version of that key. Thread-safe.
class VaultKeys final : public platform::TokenSigner, public platform::TokenKeySource {
 public:
  explicit VaultKeys(platform::Vault& vault) : vault_(vault) {}

  absl::StatusOr<std::string> CurrentKeyId() override;
  absl::StatusOr<Signature> Sign(std::string_view message) override;
  absl::StatusOr<std::vector<PublicKey>> PublicKeys() override;

 private:
  platform::Vault& vault_;
  std::mutex mutex_;
  std::string current_;  // version that signed last; IssueToken finds out when it changes
};

}  // namespace gpuaas::api
