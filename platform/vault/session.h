#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "platform/http_client/http_client.h"
#include "platform/renewed/renewed.h"
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
  using Token = Renewed<std::string>;

  absl::StatusOr<HttpResponse> Exchange(std::string_view method, std::string_view path, const nlohmann::json* body,
                                        const std::string& token);
  absl::StatusOr<Token::Fresh> FetchToken();
  absl::StatusOr<nlohmann::json> Login();
  // Null if that does not help.
  nlohmann::json Renew();

  const VaultOptions options_;
  HttpClient http_;
  std::atomic<bool> was_refused_ = false;  // the token: only a new login helps
  Token::Fresh latest_;                    // of the one that fetches
  Token token_;
};

}  // namespace gpuaas::platform
