#include "api/nodes/downloads.h"

#include <openssl/evp.h>

#include <fstream>
#include <sstream>

#include "domain/status.h"

namespace gpuaas::api {

extern const std::string_view kBootstrapScript;

absl::StatusOr<platform::Response> GetBootstrap(const Services& services) {
  platform::Response response;
  response.content_type = "text/x-shellscript";
  response.body = kBootstrapScript;
  constexpr std::string_view kPlace = "@AGENT_URL@";
  response.body.replace(response.body.find(kPlace), kPlace.size(), "'" + services.settings.agent_url + "'");
  return response;
}

absl::StatusOr<platform::Response> AgentBinary::Get() {
  std::lock_guard lock(mutex_);
  if (bytes_.empty()) {
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    bytes_ = std::move(bytes).str();
    if (bytes_.empty()) return MakeError(ErrorCode::kUnavailable, "this service has no node agent to give");
    unsigned char digest[32];
    EVP_Digest(bytes_.data(), bytes_.size(), digest, nullptr, EVP_sha256(), nullptr);
    for (unsigned char byte : digest) {
      constexpr char kDigits[] = "0123456789abcdef";
      sha256_ += kDigits[byte >> 4];
      sha256_ += kDigits[byte & 15];
    }
  }
  platform::Response response;
  response.content_type = "application/octet-stream";
  response.body = bytes_;
  response.headers.emplace_back("X-Content-Sha256", sha256_);
  return response;
}

}  // namespace gpuaas::api
