#include "api/common/call.h"

#include <charconv>

namespace gpuaas::api {

using Json = nlohmann::json;

std::string Call::Query(const std::string& name) const {
  auto it = request.query.find(name);
  return it == request.query.end() ? std::string() : it->second;
}

int Call::Limit() const {
  constexpr int kDefault = 50;
  std::string text = Query("limit");
  int limit = kDefault;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return limit;
}

Json JsonOf(Time time) { return FormatTime(time); }
Json JsonOf(const std::optional<Time>& time) { return time ? Json(FormatTime(*time)) : Json(nullptr); }
Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

platform::Response Page(Json items, const std::string& next_cursor) {
  return JsonResponse(200, {{"items", std::move(items)}, {"next_cursor", TextOrNull(next_cursor)}});
}

platform::Response JsonResponse(int status, const Json& body) {
  return platform::Response::Json(status, body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace gpuaas::api
