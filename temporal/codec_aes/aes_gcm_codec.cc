#include "temporal/codec_aes/aes_gcm_codec.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace temporal {
namespace {

constexpr char kEncoding[] = "encoding";
constexpr char kEncrypted[] = "binary/encrypted";
constexpr char kKeyId[] = "encryption-key-id";
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kMaxBytes = std::numeric_limits<int>::max() - kNonceBytes - kTagBytes;  // OpenSSL counts in int

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

absl::StatusOr<std::string> Encrypt(const std::string& key, const std::string& plain) {
  if (plain.size() > kMaxBytes) return absl::InvalidArgumentError("the payload is too large to be encrypted");
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  unsigned char* const nonce = Bytes(sealed);
  unsigned char* const text = nonce + kNonceBytes;
  unsigned char* const tag = text + plain.size();
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int length = 0;
  const bool done =
      RAND_bytes(nonce, kNonceBytes) == 1 && cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(std::string_view(key)), nonce) == 1 &&
      EVP_EncryptUpdate(cipher.get(), text, &length, Bytes(std::string_view(plain)), static_cast<int>(plain.size())) ==
          1 &&
      EVP_EncryptFinal_ex(cipher.get(), text + length, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) == 1;
  if (!done) return absl::InternalError("OpenSSL could not encrypt");
  return sealed;
}

absl::StatusOr<std::string> Decrypt(const std::string& key, std::string_view sealed) {
  const auto changed = [] { return absl::DataLossError("an encrypted payload was changed, or has another key"); };
  if (sealed.size() < kNonceBytes + kTagBytes || sealed.size() > kMaxBytes) return changed();
  std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int length = 0;
  const bool done =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(std::string_view(key)), Bytes(sealed)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(plain), &length, Bytes(sealed.substr(kNonceBytes)),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, Bytes(tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Bytes(plain) + length, &length) == 1;
  if (!done) return changed();
  return plain;
}

}  // namespace

AesGcmCodec::AesGcmCodec(std::map<std::string, std::string> keys, std::string current)
    : keys_(std::move(keys)), current_(std::move(current)) {}

absl::StatusOr<std::shared_ptr<const AesGcmCodec>> AesGcmCodec::Create(std::map<std::string, std::string> keys,
                                                                       std::string current) {
  for (const auto& [id, key] : keys) {
    if (key.size() != kKeyBytes) return absl::InvalidArgumentError(absl::StrCat("key '", id, "' is not 32 bytes long"));
  }
  if (!keys.contains(current)) return absl::InvalidArgumentError(absl::StrCat("there is no key '", current, "'"));
  return std::shared_ptr<const AesGcmCodec>(new AesGcmCodec(std::move(keys), std::move(current)));
}

absl::StatusOr<std::vector<Payload>> AesGcmCodec::Encode(std::vector<Payload> payloads) const {
  for (Payload& payload : payloads) {
    auto sealed = Encrypt(keys_.at(current_), payload.SerializeAsString());
    if (!sealed.ok()) return sealed.status();
    payload.Clear();
    (*payload.mutable_metadata())[kEncoding] = kEncrypted;
    (*payload.mutable_metadata())[kKeyId] = current_;
    payload.set_data(*std::move(sealed));
  }
  return payloads;
}

absl::StatusOr<std::vector<Payload>> AesGcmCodec::Decode(std::vector<Payload> payloads) const {
  for (Payload& payload : payloads) {
    const auto& metadata = payload.metadata();
    const auto encoding = metadata.find(kEncoding);
    if (encoding == metadata.end() || encoding->second != kEncrypted) continue;
    const auto id = metadata.find(kKeyId);
    const auto key = id == metadata.end() ? keys_.end() : keys_.find(id->second);
    if (key == keys_.end()) return absl::NotFoundError("a payload is encrypted with a key that is not there");
    auto plain = Decrypt(key->second, payload.data());
    if (!plain.ok()) return plain.status();
    if (!payload.ParseFromString(*plain)) return absl::DataLossError("what was encrypted is no payload");
  }
  return payloads;
}

}  // namespace temporal
