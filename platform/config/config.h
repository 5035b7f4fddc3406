#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace CLI {
class App;
}

// Configuration of the binaries: every setting is a flag `--x-y` and a variable `GPUAAS_X_Y`; the flag wins, then the
// variable, then the value that the field had. An empty variable counts as unset.
namespace gpuaas::platform {

void AddSetting(CLI::App& app, std::string_view name, std::string& value, std::string_view help);
void AddSetting(CLI::App& app, std::string_view name, int& value, std::string_view help);
// As a variable: 1, true, yes, on; or 0, false, no, off.
void AddSetting(CLI::App& app, std::string_view name, bool& value, std::string_view help);

// "database-url" -> "GPUAAS_DATABASE_URL".
std::string VariableOf(std::string_view setting);

// What the long-running binaries share; see NOTES.md for the meaning of each.
struct CommonSettings {
  std::string database_url;
  std::string vault_addr = "http://127.0.0.1:8200";
  std::string vault_role_id_file;
  std::string vault_secret_id_file;
  std::string temporal_address = "127.0.0.1:7233";
  std::string temporal_namespace = "default";
  std::string region = "us-buffalo-1";
  std::string ca_file;
  std::string log_level = "info";
};
void AddCommonSettings(CLI::App& app, CommonSettings& settings);

struct HostPort {
  std::string host;  // without brackets
  int port = 0;      // 1 to 65535
};
// "127.0.0.1:8080", "[::1]:8080", "name:80". kInvalidArgument otherwise.
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);
// An IPv4 or IPv6 loopback address, or "localhost".
bool IsLoopback(std::string_view host);

}  // namespace gpuaas::platform
