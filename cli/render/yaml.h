#pragma once

#include <string>

#include "cli/render/json.h"

namespace gpuaas::cli {

// The value as a YAML 1.2 document in block style, ending with a line break. Strings that another reader could take for
// something else (numbers, booleans, dates, empty, special characters) are quoted as JSON strings, which YAML contains.
std::string ToYaml(const Json& value);

}  // namespace gpuaas::cli
