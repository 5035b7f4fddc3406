#include "platform/openapi/yaml.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <string>

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;

Json FromScalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted or a block
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  const char* end = text.data() + text.size();
  std::int64_t integer = 0;
  if (auto result = std::from_chars(text.data(), end, integer); result.ec == std::errc() && result.ptr == end) {
    return integer;
  }
  double number = 0;
  if (auto result = std::from_chars(text.data(), end, number); result.ec == std::errc() && result.ptr == end) {
    return number;
  }
  return text;
}

Json FromNode(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return FromScalar(node);
    case YAML::NodeType::Sequence: {
      Json array = Json::array();
      for (const auto& item : node) array.push_back(FromNode(item));
      return array;
    }
    case YAML::NodeType::Map: {
      Json object = Json::object();
      for (const auto& member : node) object[member.first.Scalar()] = FromNode(member.second);
      return object;
    }
    default:
      return nullptr;
  }
}

}  // namespace

Json YamlToJson(std::string_view yaml) { return FromNode(YAML::Load(std::string(yaml))); }

}  // namespace gpuaas::platform
