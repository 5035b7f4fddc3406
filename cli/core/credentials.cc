#include "cli/core/credentials.h"

#include "cli/core/home.h"

namespace gpuaas::cli {

std::optional<Login> Credentials::Find(const std::string& url) const {
  const Json file = ReadJsonFile(file_);
  const auto servers = file.find("servers");
  if (servers == file.end() || !servers->contains(url)) return std::nullopt;
  const Json& stored = (*servers)[url];
  Login login{TextAt(stored, "username"), TextAt(stored, "access_token"), TextAt(stored, "expires_at")};
  if (At(stored, "scope").is_object()) login.scope = stored["scope"];
  return login;
}

template <typename Change>
void Credentials::Update(Change change) {
  const FileLock lock(file_.string() + ".lock");
  Json file = ReadJsonFile(file_);
  if (!file["servers"].is_object()) file["servers"] = Json::object();
  change(file["servers"]);
  WriteFileAtomically(file_, file.dump(2) + "\n");
}

void Credentials::Store(const std::string& url, const Login& login) {
  Update([&](Json& servers) {
    servers[url] = {{"username", login.username},
                    {"access_token", login.access_token},
                    {"expires_at", login.expires_at},
                    {"scope", login.scope}};
  });
}

bool Credentials::Remove(const std::string& url) {
  bool removed = false;
  Update([&](Json& servers) { removed = servers.erase(url) > 0; });
  return removed;
}

std::optional<std::chrono::milliseconds> ValidFor(const Login& login, TimePoint now) {
  const auto expiry = ParseTime(login.expires_at);
  if (!expiry) return std::nullopt;
  return *expiry - now;
}

}  // namespace gpuaas::cli
