#include "platform/crypto/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace gpuaas::platform {
namespace {

using Bytes = std::vector<unsigned char>;

constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kHashSize = 32;
constexpr std::uint64_t kMemoryLimit = 64ULL << 20;

struct Cost {
  std::uint64_t n = 1ULL << 14;
  std::uint64_t r = 8;
  std::uint64_t p = 1;
};

std::optional<Bytes> Derive(std::string_view password, const Bytes& salt, const Cost& cost) {
  Bytes hash(kHashSize);
  if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), cost.n, cost.r, cost.p, kMemoryLimit,
                     hash.data(), hash.size()) != 1) {
    return std::nullopt;
  }
  return hash;
}

std::string ToHex(const Bytes& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : bytes) text.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return text;
}

std::optional<Bytes> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto [end, error] = std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, bytes[i], 16);
    if (error != std::errc() || end != text.data() + 2 * i + 2) return std::nullopt;
  }
  return bytes;
}

std::optional<std::uint64_t> ToNumber(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

absl::StatusOr<std::string> HashPassword(std::string_view password) {
  Bytes salt(kSaltSize);
  const Cost cost;
  if (RAND_bytes(salt.data(), kSaltSize) != 1) return MakeError(ErrorCode::kInternal, "no random bytes for a salt");
  const auto hash = Derive(password, salt, cost);
  if (!hash) return MakeError(ErrorCode::kInternal, "the password could not be hashed");
  return "scrypt$" + std::to_string(cost.n) + "$" + std::to_string(cost.r) + "$" + std::to_string(cost.p) + "$" +
         ToHex(salt) + "$" + ToHex(*hash);
}

bool VerifyPassword(std::string_view password, std::string_view hash) {
  std::array<std::string_view, 6> parts;
  std::size_t count = 0;
  for (std::string_view rest = hash; count < parts.size(); ++count) {
    const std::size_t end = rest.find('$');
    parts[count] = rest.substr(0, end);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (count != parts.size() - 1 || parts[0] != "scrypt") return false;
  const auto n = ToNumber(parts[1]);
  const auto r = ToNumber(parts[2]);
  const auto p = ToNumber(parts[3]);
  const auto salt = FromHex(parts[4]);
  const auto expected = FromHex(parts[5]);
  if (!n || !r || !p || !salt || !expected || expected->size() != kHashSize) return false;
  const auto actual = Derive(password, *salt, Cost{*n, *r, *p});
  return actual && CRYPTO_memcmp(actual->data(), expected->data(), kHashSize) == 0;
}

}  // namespace gpuaas::platform
