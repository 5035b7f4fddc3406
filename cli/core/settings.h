#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/render/json.h"

namespace gpuaas::cli {

// One setting and where its value came from.
struct Setting {
  std::string name;    // as in the profile file: "ca_file"
  std::string value;   // empty: not set
  std::string origin;  // "--ca-file", "GPUAAS_CA_FILE", the profile file's path, "default", or "not set"
};

// The settings that outlive a command. Order of precedence: flag, environment (GPUAAS_<NAME>), profile file
// (<home>/context.json), default.
class Settings {
 public:
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  // `flags` holds those that were given, by name. Throws CliError for a damaged profile file.
  static Settings Resolve(const std::map<std::string, std::string>& flags, const Environment& environment,
                          const std::filesystem::path& profile_file);

  const std::string& Get(std::string_view name) const { return Find(name).value; }
  const Setting& Find(std::string_view name) const;
  const std::vector<Setting>& All() const { return all_; }

  // The names there are: url, ca_file, tenant, project, region, output.
  static const std::vector<std::string>& Names();

 private:
  std::vector<Setting> all_;
};

// "ca_file" -> "GPUAAS_CA_FILE"; also takes a flag's name, "ca-file".
std::string EnvironmentName(std::string_view name);

// Looks in the process's environment; an empty value counts as not set.
std::optional<std::string> ProcessEnvironment(const std::string& name);

}  // namespace gpuaas::cli
