#include "node/manager/authorized_keys.h"

#include <algorithm>
#include <sstream>

#include "absl/strings/escaping.h"
#include "domain/status.h"

namespace gpuaas::node {
namespace {

constexpr std::string_view kTypes[] = {"ssh-ed25519",
                                       "ssh-rsa",
                                       "ecdsa-sha2-nistp256",
                                       "ecdsa-sha2-nistp384",
                                       "ecdsa-sha2-nistp521",
                                       "sk-ssh-ed25519@openssh.com",
                                       "sk-ecdsa-sha2-nistp256@openssh.com"};
constexpr std::size_t kLongestLine = 16 * 1024;

// Only what cannot end or change a line.
std::string Plain(std::string_view text) {
  std::string plain(text);
  std::replace_if(plain.begin(), plain.end(), [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '#'; }, '_');
  return plain;
}

// Type and base64 of a line.
std::pair<std::string, std::string> Parts(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::pair<std::string, std::string> parts;
  words >> parts.first >> parts.second;
  return parts;
}

}  // namespace

absl::Status CheckPublicKey(std::string_view line) {
  const auto bad = [](std::string_view why) { return MakeError(ErrorCode::kInvalidArgument, why); };
  if (line.size() > kLongestLine) return bad("the public key is too long");
  if (std::any_of(line.begin(), line.end(), [](char c) { return (c < ' ' && c != '\t') || c == 0x7f; })) {
    return bad("the public key must be one line");
  }
  const auto [type, encoded] = Parts(line);
  if (std::find(std::begin(kTypes), std::end(kTypes), type) == std::end(kTypes)) {
    return bad("not the type of an SSH public key: " + Plain(type).substr(0, 40));
  }
  // The blob begins with the length of the type and the type.
  std::string blob;
  if (!absl::Base64Unescape(encoded, &blob) || blob.size() < 4 + type.size() + 4)
    return bad("the public key is cut off");
  const std::string head{0, 0, 0, static_cast<char>(type.size())};
  if (blob.substr(0, 4) != head || blob.substr(4, type.size()) != type) {
    return bad("the public key's type and content differ");
  }
  return absl::OkStatus();
}

std::string RenderAuthorizedKeys(const std::map<std::string, std::vector<AuthorizedKey>>& keys) {
  std::string text;
  for (const auto& [owner, list] : keys) {
    for (const auto& key : list) {
      const auto [type, encoded] = Parts(key.public_key);
      text += type + " " + encoded + " " + Plain(owner) + ":" + Plain(key.key_id) + "\n";
    }
  }
  return text;
}

}  // namespace gpuaas::node
