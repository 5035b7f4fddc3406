#include "cli/core/credentials.h"

#include "cli/core/home.h"

namespace gpuaas::cli {

std::optional<Login> Credentials::Find(const std::string& url) const {
  const Json stored = ReadJsonFile(file_);
  if (TextAt(stored, "url") != url || TextAt(stored, "access_token").empty()) return std::nullopt;
  Login login{TextAt(stored, "username"), TextAt(stored, "access_token"), TextAt(stored, "expires_at")};
  if (At(stored, "scope").is_object()) login.scope = stored["scope"];
  return login;
}

void Credentials::Store(const std::string& url, const Login& login) {
  const FileLock lock(file_.string() + ".lock");
  const Json stored = {{"url", url},
                       {"username", login.username},
                       {"access_token", login.access_token},
                       {"expires_at", login.expires_at},
                       {"scope", login.scope}};
  WriteFileAtomically(file_, stored.dump(2) + "\n");
}

bool Credentials::Remove(const std::string& url) {
  const FileLock lock(file_.string() + ".lock");
  if (!Find(url)) return false;
  std::filesystem::remove(file_);
  return true;
}

std::optional<std::chrono::milliseconds> ValidFor(const Login& login, TimePoint now) {
  const auto expiry = ParseTime(login.expires_at);
  if (!expiry) return std::nullopt;
  return *expiry - now;
}

}  // namespace gpuaas::cli
