#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "platform/http_client/http_client.h"
#include "platform/vault/vault.h"

namespace gpuaas::platform {

// Calls to the Vault API with a token that is got and kept alive on the way. Thread-safe.
class VaultSession {
 public:
  explicit VaultSession(VaultOptions options);

  // `data` of the answer (null if it has none); the errors of vault.h, kNotFound for 404, kInvalidArgument for 400.
  absl::StatusOr<nlohmann::json> Call(std::string_view method, std::string_view path, const nlohmann::json* body);
  // Answers that need no token, as they are; an error only for no answer, sealed or server trouble.
  absl::StatusOr<nlohmann::json> CallOpenly(std::string_view method, std::string_view path, const nlohmann::json* body);

 private:
  using Clock = std::chrono::steady_clock;

  absl::StatusOr<HttpResponse> Exchange(std::string_view method, std::string_view path, const nlohmann::json* body,
                                        const std::string& token);
  // A token that is good now; `rejected` is one that the server refused, or empty.
  absl::StatusOr<std::string> Token(const std::string& rejected);
  absl::Status Login();
  bool Renew();
  void Take(const nlohmann::json& auth);

  const VaultOptions options_;
  HttpClient http_;
  std::mutex mutex_;  // guards what follows; held during login, so that callers wait for the one that logs in
  std::string token_;
  Clock::time_point renew_at_ = Clock::time_point::max();
  Clock::time_point expires_at_ = Clock::time_point::max();
};

}  // namespace gpuaas::platform
