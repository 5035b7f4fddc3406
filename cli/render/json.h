#pragma once

#include <string>
#include <string_view>

#include "nlohmann/json.hpp"

namespace gpuaas::cli {

// Keeps the order in which the server sent the members.
using Json = nlohmann::ordered_json;

// What a server or a file holds; a discarded value if it is no JSON, or nested deeper than anything that is meant for
// us.
Json ParseJson(std::string_view text);

// The member a dotted path names ("placement.node_id"), or null.
const Json& At(const Json& object, std::string_view path);

// A scalar as people read it: strings bare, null empty, lists joined by ", ", objects as JSON in one line.
std::string Text(const Json& value);

// Text(At(object, path)).
std::string TextAt(const Json& object, std::string_view path);

}  // namespace gpuaas::cli
