#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/render/json.h"
#include "cli/render/time.h"

namespace gpuaas::cli {

// A login at one server.
struct Login {
  std::string username;
  std::string access_token;
  std::string expires_at;       // RFC 3339
  Json scope = Json::object();  // tenant and project of the token: {tenant_id, tenant, project_id, project}
};

// <home>/credentials.json (0600): the login, and the server it is for, so that a token never goes to another one.
// Several processes may use it at once.
class Credentials {
 public:
  explicit Credentials(std::filesystem::path file) : file_(std::move(file)) {}

  // The login if it is at that server, also an expired one. Throws CliError for a damaged file.
  std::optional<Login> Find(const std::string& url) const;
  // Replaces any other login.
  void Store(const std::string& url, const Login& login);
  // False if there was none.
  bool Remove(const std::string& url);

 private:
  std::filesystem::path file_;
};

// How long the login is still valid; negative: since when not. Nothing if its time cannot be read.
std::optional<std::chrono::milliseconds> ValidFor(const Login& login, TimePoint now);

}  // namespace gpuaas::cli
