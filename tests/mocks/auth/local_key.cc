#include "tests/mocks/auth/local_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "domain/status.h"

namespace gpuaas::tests {

LocalKey::LocalKey(std::string key_id) : key_id_(std::move(key_id)), pkey_(EVP_RSA_gen(2048)) {}
LocalKey::~LocalKey() { EVP_PKEY_free(pkey_); }

absl::StatusOr<platform::TokenSigner::Signature> LocalKey::Sign(std::string_view message) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string bytes(256, '\0');
  std::size_t size = bytes.size();
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey_);
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size,
                 reinterpret_cast<const unsigned char*>(message.data()), message.size());
  bytes.resize(size);
  return Signature{bytes, key_id_};
}

absl::StatusOr<std::vector<platform::TokenKeySource::PublicKey>> LocalKey::PublicKeys() {
  ++fetches;
  if (!available) return MakeError(ErrorCode::kVaultUnavailable, "down");
  return std::vector<PublicKey>{{key_id_, Pem()}};
}

std::string LocalKey::Pem() const {
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PUBKEY(bio.get(), pkey_);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace gpuaas::tests
