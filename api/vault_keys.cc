#include "api/vault_keys.h"

#include "domain/status.h"
#include "domain/status_macros.h"

namespace gpuaas::api {
namespace {

constexpr char kKey[] = "jwt-signing";

}  // namespace

absl::StatusOr<std::string> VaultKeys::CurrentKeyId() {
  {
    std::lock_guard lock(mutex_);
    if (!current_.empty()) return current_;
  }
  GPUAAS_ASSIGN_OR_RETURN(std::vector<PublicKey> keys, PublicKeys());
  if (keys.empty()) return MakeError(ErrorCode::kInternal, "the signing key has no version");
  return keys.back().key_id;
}

absl::StatusOr<platform::TokenSigner::Signature> VaultKeys::Sign(std::string_view message) {
  GPUAAS_ASSIGN_OR_RETURN(platform::TransitSignature signature, vault_.SignRs256(kKey, message));
  std::lock_guard lock(mutex_);
  current_ = std::to_string(signature.key_version);
  return Signature{signature.bytes, current_};
}

absl::StatusOr<std::vector<platform::TokenKeySource::PublicKey>> VaultKeys::PublicKeys() {
  GPUAAS_ASSIGN_OR_RETURN(std::vector<platform::TransitPublicKey> versions, vault_.PublicKeys(kKey));
  std::vector<PublicKey> keys;
  for (const platform::TransitPublicKey& key : versions) keys.push_back({std::to_string(key.version), key.pem});
  return keys;
}

}  // namespace gpuaas::api
