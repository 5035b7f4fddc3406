#include "platform/vault/session.h"

#include <fstream>
#include <thread>

#include "domain/status.h"
#include "nlohmann/json.hpp"

namespace gpuaas::platform {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPauseBeforeRetry{200};

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
    : options_(std::move(options)), http_({.ca_file = options_.ca_file, .connect_timeout = options_.timeout}) {
  token_ = options_.token;
}

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
  std::string rejected;
  for (;;) {
    auto token = Token(rejected);
    if (!token.ok()) return token.status();
    auto response = Exchange(method, path, body, *token);
    if (!response.ok()) return response.status();
    if (response->status == 403 && rejected.empty() && options_.token.empty()) {
      rejected = *token;
      continue;
    }
    auto answer = DataOf(*response, path);
    if (!answer.ok()) return answer.status();
    return answer->is_object() ? answer->value("data", json()) : json();
  }
}

absl::StatusOr<std::string> VaultSession::Token(const std::string& rejected) {
  std::lock_guard lock(mutex_);
  if (!options_.token.empty()) return token_;
  const auto now = Clock::now();
  const bool usable = !token_.empty() && token_ != rejected && now < expires_at_;
  if (!usable || (now >= renew_at_ && !Renew())) {
    if (auto status = Login(); !status.ok()) return status;
  }
  return token_;
}

absl::Status VaultSession::Login() {
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
  Take((*answer)["auth"]);
  return absl::OkStatus();
}

bool VaultSession::Renew() {
  json body = json::object();
  auto response = Exchange("POST", "auth/token/renew-self", &body, token_);
  if (!response.ok()) return false;
  auto answer = DataOf(*response, "auth/token/renew-self");
  if (!answer.ok() || !answer->contains("auth") || !(*answer)["auth"].is_object()) return false;
  // At its maximum life a renewal succeeds but adds (almost) nothing: then only a login helps.
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(expires_at_ - Clock::now());
  if (std::chrono::seconds((*answer)["auth"].value("lease_duration", 0)) <= left) return false;
  Take((*answer)["auth"]);
  return true;
}

void VaultSession::Take(const json& auth) {
  token_ = auth.value("client_token", "");
  const std::chrono::seconds life{auth.value("lease_duration", 0)};
  if (life.count() == 0) {
    renew_at_ = expires_at_ = Clock::time_point::max();
    return;
  }
  renew_at_ = Clock::now() + life * 2 / 3;
  expires_at_ = Clock::now() + life;
}

}  // namespace gpuaas::platform
