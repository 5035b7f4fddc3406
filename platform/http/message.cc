#include "platform/http/message.h"

#include <strings.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "domain/status.h"
#include "domain/status_macros.h"

namespace gpuaas::platform {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Their texts name addresses, paths and statements: for the log, not for whoever asked.
bool IsOfTheInside(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInternal:
    case ErrorCode::kDatabaseUnavailable:
    case ErrorCode::kTemporalUnavailable:
    case ErrorCode::kVaultUnavailable:
    case ErrorCode::kVaultSealed:
    case ErrorCode::kVaultDenied:
    case ErrorCode::kNodeUnreachable:
      return true;
    default:
      return false;
  }
}

// The JSON library refuses to write anything else.
bool IsUtf8(std::string_view text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

absl::Status ParameterFault(const std::string& name, std::string_view problem) {
  nlohmann::json fault = {{"field", name}, {"problem", problem}};
  return MakeError(ErrorCode::kInvalidArgument, "a query parameter " + std::string(problem),
                   nlohmann::json{{"fields", nlohmann::json::array({fault})}}.dump(
                       -1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

bool LessIgnoringCase::operator()(std::string_view a, std::string_view b) const {
  int order = strncasecmp(a.data(), b.data(), std::min(a.size(), b.size()));
  return order != 0 ? order < 0 : a.size() < b.size();
}

std::string_view Request::Header(std::string_view name) const {
  auto it = headers.find(name);
  return it == headers.end() ? std::string_view() : std::string_view(it->second);
}

Response Response::Json(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response ErrorResponse(const absl::Status& error, std::string_view correlation_id) {
  const ErrorInfo& info = InfoOf(ErrorCodeOf(error));
  nlohmann::json details = nlohmann::json::parse(DetailsOf(error), nullptr, /*allow_exceptions=*/false);
  if (!details.is_object()) details = nlohmann::json::object();
  nlohmann::json body = {
      {"code", info.name},
      {"message", IsOfTheInside(info.code) ? info.meaning : ToStd(error.message())},
      {"correlation_id", correlation_id},
      {"details", details},
  };
  Response response =
      Response::Json(info.http_status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  if (auto it = details.find("retry_after_seconds"); it != details.end() && it->is_number_integer()) {
    response.headers.emplace_back("Retry-After", it->dump());
  }
  if (auto it = details.find("allow"); info.http_status == 405 && it != details.end() && it->is_string()) {
    response.headers.emplace_back("Allow", it->get<std::string>());
  }
  if (info.http_status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      int high = HexValue(text[i + 1]), low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    out += c;
  }
  if (!IsUtf8(out)) return std::nullopt;
  return out;
}

absl::StatusOr<std::map<std::string, std::string>> ParseQuery(std::string_view query) {
  std::map<std::string, std::string> result;
  while (!query.empty()) {
    std::size_t end = std::min(query.find('&'), query.size());
    std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = PercentDecode(pair.substr(0, equals), true);
    auto value = PercentDecode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return MakeError(ErrorCode::kMalformedRequest, "the query is not percent-encoded correctly");
    if (HasNul(*name) || HasNul(*value)) return ParameterFault(*name, "holds a NUL character");
    if (!result.emplace(*name, *value).second) return ParameterFault(*name, "is given twice");
  }
  return result;
}

}  // namespace gpuaas::platform
