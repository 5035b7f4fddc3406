#include "api/common/pepper.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/vault/vault.h"

namespace gpuaas::api {

absl::StatusOr<std::string> Pepper::Hash(std::string_view text) {
  std::string key;
  {
    std::lock_guard lock(mutex_);
    if (key_.empty()) {
      GPUAAS_ASSIGN_OR_RETURN(auto fields, vault_.ReadSecret("gpuaas/pepper"));
      key_ = fields["value"];
      if (key_.empty()) return MakeError(ErrorCode::kInternal, "secret gpuaas/pepper has no field value");
    }
    key = key_;
  }
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
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
