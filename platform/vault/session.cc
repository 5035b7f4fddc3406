#include "platform/vault/session.h"

#include <fstream>
#include <thread>

#include "domain/status.h"
#include "nlohmann/json.hpp"

namespace gpuaas::platform {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPauseBeforeRetry{200};
constexpr std::chrono::milliseconds kPauseAfterFailure{500};

// The server's own words, for operators; they name paths and causes, never values.
std::string Reasons(const HttpResponse& response) {
  json body = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  std::string text;
  if (body.is_object() && body.contains("errors") && body["errors"].is_array()) {
    for (const auto& error : body["errors"]) {
      if (error.is_string()) text += (text.empty() ? "" : "; ") + error.get<std::string>();
    }
  }
  return text.empty() ? "status " + std::to_string(response.status) : text;
}

absl::StatusOr<std::string> FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty()) {
    return MakeError(ErrorCode::kVaultDenied, "no secret store credentials in " + path);
  }
  return line;
}

absl::Status StatusOf(const HttpResponse& response, std::string_view path) {
  const std::string what = "secret store, " + std::string(path) + ": " + Reasons(response);
  switch (response.status) {
    case 400:
      return MakeError(ErrorCode::kInvalidArgument, what);
    case 403:
      return MakeError(ErrorCode::kVaultDenied, what);
    case 404:
      return MakeError(ErrorCode::kNotFound, what);
    case 503:
      return MakeError(what.find("sealed") != what.npos ? ErrorCode::kVaultSealed : ErrorCode::kVaultUnavailable, what);
    default:
      return MakeError(ErrorCode::kVaultUnavailable, what);
  }
}

absl::StatusOr<json> DataOf(const HttpResponse& response, std::string_view path) {
  if (response.status / 100 != 2) return StatusOf(response, path);
  if (response.body.empty()) return json();
  json body = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return MakeError(ErrorCode::kVaultUnavailable, "the secret store did not answer in JSON");
  return body;
}

}  // namespace

VaultSession::VaultSession(VaultOptions options)
    : options_(std::move(options)),
      http_({.ca_file = options_.ca_file, .connect_timeout = options_.timeout}),
      token_([this] { return FetchToken(); }, kPauseAfterFailure) {}

absl::StatusOr<HttpResponse> VaultSession::Exchange(std::string_view method, std::string_view path, const json* body,
                                                    const std::string& token) {
  HttpRequest request;
  request.method = method;
  request.url = options_.address + "/v1/" + std::string(path);
  if (!token.empty()) request.headers.emplace_back("X-Vault-Token", token);
  if (body != nullptr) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body->dump();
  }
  request.timeout = options_.timeout;
  request.replayable = true;  // a second login, signature or certificate does no harm
  for (int attempt = 1;; ++attempt) {
    HttpResult result = http_.Send(request);
    const bool trouble = !result.ok() || (result->status >= 500 && result->status != 503);
    if (trouble && attempt == 1) {
      std::this_thread::sleep_for(kPauseBeforeRetry);
      continue;
    }
    if (!result.ok()) {
      return MakeError(ErrorCode::kVaultUnavailable, "the secret store does not answer: " + result.error().message);
    }
    return std::move(*result);
  }
}

absl::StatusOr<json> VaultSession::CallOpenly(std::string_view method, std::string_view path, const json* body) {
  auto response = Exchange(method, path, body, "");
  if (!response.ok()) return response.status();
  return DataOf(*response, path);
}

absl::StatusOr<json> VaultSession::Call(std::string_view method, std::string_view path, const json* body) {
  for (bool again = false;; again = true) {
    const auto token = token_.Get();
    if (!token.ok()) return token.status();
    auto response = Exchange(method, path, body, **token);
    if (!response.ok()) return response.status();
    if (response->status == 403 && !again && options_.token.empty()) {
      was_refused_ = true;
      token_.Refuse(*token);
      continue;
    }
    auto answer = DataOf(*response, path);
    if (!answer.ok()) return answer.status();
    return answer->is_object() ? answer->value("data", json()) : json();
  }
}

absl::StatusOr<VaultSession::Token::Fresh> VaultSession::FetchToken() {
  if (!options_.token.empty()) return Token::Fresh{options_.token};
  json auth = was_refused_.exchange(false) ? json() : Renew();
  if (auth.is_null()) {
    auto login = Login();
    if (!login.ok()) return login.status();
    auth = *std::move(login);
  }
  latest_ = Token::Fresh{auth.value("client_token", "")};
  if (const std::chrono::seconds life{auth.value("lease_duration", 0)}; life.count() != 0) {
    const auto now = std::chrono::system_clock::now();
    latest_.due = now + life * 2 / 3;
    latest_.ends = now + life;
  }
  return latest_;
}

absl::StatusOr<json> VaultSession::Login() {
  auto role_id = FirstLine(options_.role_id_file);
  if (!role_id.ok()) return role_id.status();
  auto secret_id = FirstLine(options_.secret_id_file);
  if (!secret_id.ok()) return secret_id.status();
  json body = {{"role_id", *role_id}, {"secret_id", *secret_id}};
  auto response = Exchange("POST", "auth/approle/login", &body, "");
  if (!response.ok()) return response.status();
  if (response->status == 400 || response->status == 403) {
    return MakeError(ErrorCode::kVaultDenied, "the secret store refuses the AppRole login: " + Reasons(*response));
  }
  auto answer = DataOf(*response, "auth/approle/login");
  if (!answer.ok()) return answer.status();
  if (!answer->contains("auth") || !(*answer)["auth"].is_object()) {
    return MakeError(ErrorCode::kVaultUnavailable, "the secret store's login answer carries no token");
  }
  return (*answer)["auth"];
}

json VaultSession::Renew() {
  if (latest_.value.empty() || std::chrono::system_clock::now() >= latest_.ends) return nullptr;
  json body = json::object();
  auto response = Exchange("POST", "auth/token/renew-self", &body, latest_.value);
  if (!response.ok()) return nullptr;
  auto answer = DataOf(*response, "auth/token/renew-self");
  if (!answer.ok() || !answer->contains("auth") || !(*answer)["auth"].is_object()) return nullptr;
  // At its maximum life a renewal succeeds but adds (almost) nothing: then only a login helps.
  const auto left = std::chrono::floor<std::chrono::seconds>(latest_.ends - std::chrono::system_clock::now());
  if (std::chrono::seconds((*answer)["auth"].value("lease_duration", 0)) <= left) return nullptr;
  return (*answer)["auth"];
}

}  // namespace gpuaas::platform
