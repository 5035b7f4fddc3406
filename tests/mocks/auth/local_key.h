#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "platform/auth/token.h"

namespace gpuaas::tests {

// An RSA key of our own in the place of the secret store's.
class LocalKey final : public platform::TokenSigner, public platform::TokenKeySource {
 public:
  explicit LocalKey(std::string key_id = "1");
  ~LocalKey() override;

  absl::StatusOr<std::string> CurrentKeyId() override { return key_id_; }
  absl::StatusOr<Signature> Sign(std::string_view message) override;
  absl::StatusOr<std::vector<PublicKey>> PublicKeys() override;
  std::string Pem() const;

  int fetches = 0;        // of public keys
  bool available = true;  // else public keys can't be had

 private:
  const std::string key_id_;
  EVP_PKEY* const pkey_;
};

}  // namespace gpuaas::tests
