#include <cstdlib>
#include <filesystem>
#include <optional>

#include "platform/http_client/http_client.h"

namespace gpuaas::platform {

std::optional<Url> ParseUrl(std::string_view url) {
  for (unsigned char c : url) {
    if (c <= 0x20 || c == 0x7f) return std::nullopt;
  }
  Url parsed;
  auto scheme_end = url.find("://");
  if (scheme_end == url.npos) return std::nullopt;
  parsed.scheme = url.substr(0, scheme_end);
  if (parsed.scheme == "https") {
    parsed.port = "443";
  } else if (parsed.scheme == "http") {
    parsed.port = "80";
  } else {
    return std::nullopt;
  }
  url.remove_prefix(scheme_end + 3);
  auto authority = url.substr(0, url.find_first_of("/?#"));
  auto target = url.substr(authority.size());
  target = target.substr(0, target.find('#'));
  if (authority.find('@') != authority.npos) return std::nullopt;

  std::string_view port;
  if (authority.starts_with('[')) {
    auto close = authority.find(']');
    if (close == authority.npos) return std::nullopt;
    parsed.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    auto colon = authority.find(':');
    parsed.host = authority.substr(0, colon);
    port = colon == authority.npos ? std::string_view{} : authority.substr(colon);
  }
  if (parsed.host.empty()) return std::nullopt;
  if (!port.empty()) {
    if (port.front() != ':' || port.size() > 6) return std::nullopt;
    port.remove_prefix(1);
    if (port.empty() || port.find_first_not_of("0123456789") != port.npos) return std::nullopt;
    parsed.port = port;
  }
  parsed.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return parsed;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (unsigned char c : text) {
    if (kUnreserved.find(static_cast<char>(c)) != kUnreserved.npos) {
      encoded += static_cast<char>(c);
    } else {
      encoded += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return encoded;
}

std::string FindTrustStore() {
  if (const char* file = std::getenv("SSL_CERT_FILE"); file != nullptr && *file != '\0') return file;
  for (const char* path : {
           "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Alpine
           "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
           "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7 and later
           "/etc/ssl/ca-bundle.pem",                             // openSUSE
           "/etc/ssl/cert.pem",                                  // BSDs, macOS
       }) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return {};
}

}  // namespace gpuaas::platform
