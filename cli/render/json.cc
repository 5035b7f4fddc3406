#include "cli/render/json.h"

namespace gpuaas::cli {
namespace {

constexpr int kDeepest = 64;

// Copies of deeper documents would use up the stack.
bool IsTooDeep(std::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (in_string) {
      if (json[i] == '\\')
        ++i;
      else if (json[i] == '"')
        in_string = false;
    } else if (json[i] == '"') {
      in_string = true;
    } else if (json[i] == '[' || json[i] == '{') {
      if (++depth > kDeepest) return true;
    } else if (json[i] == ']' || json[i] == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Json ParseJson(std::string_view text) {
  if (IsTooDeep(text)) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

const Json& At(const Json& object, std::string_view path) {
  static const Json kNull;
  const Json* at = &object;
  while (!path.empty()) {
    std::size_t dot = path.find('.');
    std::string_view head = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (!at->is_object()) return kNull;
    auto member = at->find(std::string(head));
    if (member == at->end()) return kNull;
    at = &*member;
  }
  return *at;
}

std::string Text(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::string joined;
    for (const Json& item : value) {
      if (!joined.empty()) joined += ", ";
      joined += Text(item);
    }
    return joined;
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TextAt(const Json& object, std::string_view path) { return Text(At(object, path)); }

}  // namespace gpuaas::cli
