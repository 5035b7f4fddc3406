#include "cli/core/settings.h"

#include <cctype>
#include <cstdlib>
#include <stdexcept>

#include "cli/core/home.h"

namespace gpuaas::cli {
namespace {

std::string DefaultOf(std::string_view name) {
  if (name == "url") return "https://localhost:8443";
  if (name == "output") return "table";
  return {};
}

std::string FlagName(std::string name) {
  for (char& c : name) c = c == '_' ? '-' : c;
  return "--" + name;
}

}  // namespace

const std::vector<std::string>& Settings::Names() {
  static const std::vector<std::string> kNames = {"url", "ca_file", "tenant", "project", "region", "output"};
  return kNames;
}

Settings Settings::Resolve(const std::map<std::string, std::string>& flags, const Environment& environment,
                           const std::filesystem::path& profile_file) {
  const Json profile = ReadJsonFile(profile_file);
  Settings settings;
  for (const std::string& name : Names()) {
    Setting setting{name, DefaultOf(name), "default"};
    if (const auto flag = flags.find(name); flag != flags.end()) {
      setting = {name, flag->second, FlagName(name)};
    } else if (const auto variable = environment(EnvironmentName(name))) {
      setting = {name, *variable, EnvironmentName(name)};
    } else if (std::string stored = TextAt(profile, name); !stored.empty()) {
      setting = {name, std::move(stored), profile_file.string()};
    } else if (setting.value.empty()) {
      setting.origin = "not set";
    }
    if (name == "url") {
      while (setting.value.ends_with('/')) setting.value.pop_back();
    }
    settings.all_.push_back(std::move(setting));
  }
  return settings;
}

const Setting& Settings::Find(std::string_view name) const {
  for (const Setting& setting : all_) {
    if (setting.name == name) return setting;
  }
  throw std::logic_error("no such setting: " + std::string(name));
}

std::string EnvironmentName(std::string_view name) {
  std::string variable = "GPUAAS_";
  for (char c : name) variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace gpuaas::cli
