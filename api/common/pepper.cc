#include "api/common/pepper.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/vault/vault.h"

namespace gpuaas::api {

namespace {

absl::StatusOr<platform::Renewed<std::string>::Fresh> Read(platform::Vault& vault) {
  GPUAAS_ASSIGN_OR_RETURN(auto fields, vault.ReadSecret("gpuaas/pepper"));
  if (fields["value"].empty()) return MakeError(ErrorCode::kInternal, "secret gpuaas/pepper has no field value");
  return platform::Renewed<std::string>::Fresh{fields["value"]};
}

}  // namespace

Pepper::Pepper(platform::Vault& vault) : key_([&vault] { return Read(vault); }, std::chrono::seconds(1)) {}

absl::StatusOr<std::string> Pepper::Hash(std::string_view text) {
  GPUAAS_ASSIGN_OR_RETURN(const auto key, key_.Get());
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key->data(), static_cast<int>(key->size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac, &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[mac[i] >> 4];
    hex += kDigits[mac[i] & 15];
  }
  return hex;
}

}  // namespace gpuaas::api
