#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace gpuaas::platform {

// YAML's core schema: plain scalars become null, booleans and numbers where they look so, quoted ones stay strings.
// Throws std::exception for text that is no YAML.
nlohmann::json YamlToJson(std::string_view yaml);

}  // namespace gpuaas::platform
