#include "cli/render/yaml.h"

#include <cctype>
#include <string_view>

namespace gpuaas::cli {
namespace {

bool IsPlain(std::string_view text) {
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text.front())) || text.front() == '/')) return false;
  for (unsigned char c : text) {
    if (!std::isalnum(c) && c != '_' && c != '-' && c != '.' && c != '/' && c != ' ' && c != '@' && c != '+')
      return false;
  }
  if (text.back() == ' ') return false;
  std::string lower;
  for (unsigned char c : text) lower += static_cast<char>(std::tolower(c));
  // Words that YAML 1.1 readers take for booleans, null and numbers.
  for (std::string_view word : {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"}) {
    if (lower == word) return false;
  }
  return true;
}

std::string Scalar(const Json& value) {
  if (value.is_string() && IsPlain(value.get_ref<const std::string&>())) return value.get<std::string>();
  return value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

std::string Key(const std::string& key) { return Scalar(Json(key)); }

bool IsBlock(const Json& value) { return value.is_structured() && !value.empty(); }

void Append(const Json& value, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  if (!IsBlock(value)) {
    out += Scalar(value) + "\n";
    return;
  }
  bool first = true;  // whoever opened this block has already written the first line's margin
  for (const auto& [key, item] : value.items()) {
    if (!first) out += margin;
    first = false;
    if (value.is_array()) {
      out += "- ";
      Append(item, indent + 2, out);
    } else if (IsBlock(item)) {
      const std::size_t deeper = indent + 2;
      out += Key(key) + ":\n" + std::string(deeper, ' ');
      Append(item, deeper, out);
    } else {
      out += Key(key) + ": " + Scalar(item) + "\n";
    }
  }
}

}  // namespace

std::string ToYaml(const Json& value) {
  std::string out;
  Append(value, 0, out);
  return out;
}

}  // namespace gpuaas::cli
