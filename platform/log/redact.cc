#include <algorithm>
#include <array>
#include <cctype>

#include "platform/log/log.h"

namespace gpuaas::platform {
namespace {

constexpr std::string_view kReplacement = "[redacted]";

// Parts of key names, in lower case.
constexpr std::array<std::string_view, 8> kSecretParts = {"password",    "token",   "secret",     "authorization",
                                                          "private_key", "api_key", "credential", "cookie"};
// Keys that contain such a part and yet name nothing secret.
constexpr std::array<std::string_view, 4> kHarmless = {"token_id", "secret_name", "secret_ref", "token_expires_at"};

bool IsTokenCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-_.~+/=").find(c) != std::string::npos;
}

std::string_view TokenAt(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && IsTokenCharacter(text[end])) ++end;
  return text.substr(begin, end - begin);
}

// A JWT: three parts, the first of which is the base64 of `{"`.
bool LooksLikeJwt(std::string_view token) {
  return token.size() > 20 && token.starts_with("eyJ") && std::ranges::count(token, '.') == 2;
}

bool StartsWithWord(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

// How many characters from `begin` are a credential, after how many that stay; {0, 0} if none begins here.
struct Hit {
  std::size_t keep = 0;
  std::size_t drop = 0;
};

Hit FindAt(std::string_view text, std::size_t begin) {
  const std::string_view rest = text.substr(begin);
  if (StartsWithWord(rest, "bearer ")) return {7, TokenAt(rest, 7).size()};
  if (rest.starts_with("hvs.") || rest.starts_with("s.")) {  // tokens of the secret store
    const std::size_t size = TokenAt(rest, 0).size();
    return {0, size >= 24 ? size : 0};
  }
  if (rest.starts_with("eyJ") && LooksLikeJwt(TokenAt(rest, 0))) return {0, TokenAt(rest, 0).size()};
  if (rest.starts_with("-----BEGIN ") && rest.substr(0, 48).find("PRIVATE KEY-----") != std::string_view::npos) {
    const std::size_t end = rest.find("-----END ");
    const std::size_t close = end == std::string_view::npos ? end : rest.find("KEY-----", end);
    return {0, close == std::string_view::npos ? rest.size() : close + 8};
  }
  if (rest.starts_with("://")) {  // user:password@ of a URL
    const std::string_view authority = rest.substr(3, rest.find_first_of("/ ?#\"", 3) - 3);
    const std::size_t at = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    if (at != std::string_view::npos && colon < at) return {3 + colon + 1, at - colon - 1};
  }
  return {};
}

}  // namespace

bool IsSecretKey(std::string_view key) {
  std::string lower(key);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return c == '-' ? '_' : std::tolower(c); });
  if (std::ranges::find(kHarmless, lower) != kHarmless.end()) return false;
  return std::ranges::any_of(kSecretParts,
                             [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

std::string Redact(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const bool word_start =
        i == 0 || !IsTokenCharacter(text[i - 1]) || text[i - 1] == '=' || text[i] == ':' || text[i] == '-';
    const Hit hit = word_start ? FindAt(text, i) : Hit{};
    if (hit.drop == 0) {
      result += text[i++];
      continue;
    }
    result.append(text.substr(i, hit.keep)).append(kReplacement);
    i += hit.keep + hit.drop;
  }
  return result;
}

}  // namespace gpuaas::platform
