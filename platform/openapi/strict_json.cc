#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "domain/status.h"
#include "platform/openapi/contract.h"

namespace gpuaas::platform {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;

bool HoldsNul(const Json& text) { return text.get_ref<const std::string&>().find('\0') != std::string::npos; }

}  // namespace

absl::StatusOr<Json> ParseJsonStrictly(std::string_view text) {
  std::string fault;
  std::vector<std::set<std::string>> members;  // names seen, for each object that is open
  auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
        members.emplace_back();
        [[fallthrough]];
      case Json::parse_event_t::array_start:
        if (depth >= kMaxDepth) fault = "it is nested too deeply";
        break;
      case Json::parse_event_t::object_end:
        members.pop_back();
        break;
      case Json::parse_event_t::key:
        if (HoldsNul(value)) fault = "it holds a NUL character";
        if (!members.back().insert(value.get<std::string>()).second) fault = "it names a member twice";
        break;
      case Json::parse_event_t::value:
        if (value.is_string() && HoldsNul(value)) fault = "it holds a NUL character";
        break;
      default:
        break;
    }
    return true;
  };
  Json value = Json::parse(text, check, /*allow_exceptions=*/false);
  if (!fault.empty()) return MakeError(ErrorCode::kMalformedRequest, "the body can't be used: " + fault);
  if (value.is_discarded()) return MakeError(ErrorCode::kMalformedRequest, "the body is not JSON");
  return value;
}

}  // namespace gpuaas::platform
