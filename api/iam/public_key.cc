#include "api/iam/public_key.h"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "domain/status.h"
#include "domain/status_macros.h"

namespace gpuaas::api {
namespace {

constexpr std::array<std::string_view, 7> kTypes = {
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
};
constexpr std::size_t kMinRsaBytes = 2048 / 8;

absl::Status Refuse(std::string_view problem) {
  nlohmann::json details = {{"fields", {{{"field", "public_key"}, {"problem", problem}}}}};
  return MakeError(ErrorCode::kInvalidArgument, "public_key " + std::string(problem), details.dump());
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                             reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0));
  return bytes;
}

// The length-prefixed strings that a key blob consists of (RFC 4253).
std::optional<std::vector<std::string_view>> SplitBlob(std::string_view blob) {
  std::vector<std::string_view> parts;
  while (!blob.empty()) {
    if (blob.size() < 4) return std::nullopt;
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(blob[i]);
    blob.remove_prefix(4);
    if (length > blob.size()) return std::nullopt;
    parts.push_back(blob.substr(0, length));
    blob.remove_prefix(length);
  }
  return parts;
}

std::string Fingerprint(std::string_view blob) {
  unsigned char digest[32];
  EVP_Digest(blob.data(), blob.size(), digest, nullptr, EVP_sha256(), nullptr);
  unsigned char text[48];
  int size = EVP_EncodeBlock(text, digest, sizeof(digest));
  std::string fingerprint(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  fingerprint.erase(fingerprint.find_last_not_of('=') + 1);
  return "SHA256:" + fingerprint;
}

}  // namespace

absl::StatusOr<PublicKey> ParsePublicKey(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  if (text.find("PRIVATE KEY") != std::string_view::npos) return Refuse("is a private key; send the .pub file");
  if (text.find_first_of("\r\n") != std::string_view::npos) return Refuse("must be one line");
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return Refuse("must be `type base64 [comment]`");
  const std::string_view type = text.substr(0, space);
  const std::string_view base64 = text.substr(space + 1, text.find(' ', space + 1) - space - 1);
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
    return Refuse("must be an ed25519, ECDSA or RSA key without options");
  }
  const std::optional<std::string> blob = DecodeBase64(base64);
  const auto parts = blob ? SplitBlob(*blob) : std::nullopt;
  const std::size_t at_least = type == "ssh-ed25519" ? 2 : 3;
  if (!parts || parts->size() < at_least || (*parts)[0] != type) return Refuse("is damaged");
  if (type == "ssh-ed25519" && (parts->size() != 2 || (*parts)[1].size() != 32)) return Refuse("is damaged");
  if (type == "ssh-rsa" && (*parts)[2].size() < kMinRsaBytes) return Refuse("must have at least 2048 bits");
  return PublicKey{std::string(type) + " " + std::string(base64), Fingerprint(*blob)};
}

}  // namespace gpuaas::api
