#include "platform/config/config.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "domain/status.h"

namespace gpuaas::platform {
namespace {

std::string Flag(std::string_view name) { return "--" + std::string(name); }

}  // namespace

std::string VariableOf(std::string_view setting) {
  std::string name = "GPUAAS_";
  for (char c : setting) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

void AddSetting(CLI::App& app, std::string_view name, std::string& value, std::string_view help) {
  app.add_option(Flag(name), value, std::string(help))->envname(VariableOf(name))->capture_default_str();
}

void AddSetting(CLI::App& app, std::string_view name, int& value, std::string_view help) {
  app.add_option(Flag(name), value, std::string(help))->envname(VariableOf(name))->capture_default_str();
}

void AddSetting(CLI::App& app, std::string_view name, bool& value, std::string_view help) {
  app.add_flag(Flag(name), value, std::string(help))->envname(VariableOf(name));
}

void AddCommonSettings(CLI::App& app, CommonSettings& settings) {
  AddSetting(app, "database-url", settings.database_url, "PostgreSQL, as a libpq URI of the role gpuaas_app");
  AddSetting(app, "vault-addr", settings.vault_addr, "Address of the Vault API");
  AddSetting(app, "vault-role-id-file", settings.vault_role_id_file, "File with the AppRole's role id");
  AddSetting(app, "vault-secret-id-file", settings.vault_secret_id_file, "File with the AppRole's secret id");
  AddSetting(app, "temporal-address", settings.temporal_address, "host:port of the Temporal frontend");
  AddSetting(app, "temporal-namespace", settings.temporal_namespace, "Temporal namespace");
  AddSetting(app, "region", settings.region, "Region that this process serves");
  AddSetting(app, "ca-file", settings.ca_file, "Authorities to trust, PEM");
  AddSetting(app, "log-level", settings.log_level, "trace, debug, info, warn, error");
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  HostPort result;
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return MakeError(ErrorCode::kInvalidArgument, "not host:port: " + std::string(text));
  }
  std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return MakeError(ErrorCode::kInvalidArgument, "an IPv6 address needs brackets: " + std::string(text));
  }
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (error != std::errc() || end != port.data() + port.size() || result.port < 1 || result.port > 65535) {
    return MakeError(ErrorCode::kInvalidArgument, "not a port: " + std::string(text));
  }
  result.host = host;
  return result;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace gpuaas::platform
