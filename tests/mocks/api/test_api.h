#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "activities/ops/dispatcher.h"
#include "api/common/binder.h"
#include "api/common/pepper.h"
#include "api/common/services.h"
#include "api/ops/health.h"
#include "platform/auth/verifier.h"
#include "platform/clock/clock.h"
#include "platform/http/router.h"
#include "platform/openapi/contract.h"
#include "platform/postgres/database.h"
#include "temporal/client/client.h"
#include "temporal/testing/fake/fake_service.h"
#include "tests/mocks/api/fake_vault.h"
#include "tests/mocks/auth/local_key.h"

namespace gpuaas::tests {

struct ApiAnswer {
  int status = 0;
  nlohmann::json body;  // discarded if it was no JSON
  std::map<std::string, std::string> headers;
  std::string content_type;
  std::function<void(platform::EventStream&)> stream;
  std::string correlation_id;

  std::string code() const { return body.is_object() ? body.value("code", "") : ""; }
};

// All of the API but its HTTP server: with a fake secret store, an in-memory Temporal and the given database. Every
// JSON answer is held against the contract; an answer that is not as it says fails the test.
class TestApi {
 public:
  explicit TestApi(platform::Database& database);

  // An access token with these claims, valid now. `subject` and the like are filled where they are empty.
  std::string TokenFor(platform::Claims claims);

  using Headers = std::map<std::string, std::string>;
  // `path` may hold a query. `body` is sent as it is.
  ApiAnswer Send(const std::string& method, const std::string& path, const Headers& headers = {},
                 const std::string& body = "");

  // The same in the name of a user who logged in by dev-login, with a fresh idempotency key.
  ApiAnswer As(const std::string& username, const std::string& method, const std::string& path,
               const nlohmann::json& body = nullptr, Headers headers = {});

  const platform::Router& router() const { return *router_; }
  const std::vector<std::string>& unbound() const { return unbound_; }

  platform::ManualClock clock;
  FakeVault vault;
  LocalKey& key;
  std::shared_ptr<temporal::testing::FakeService> temporal_service;
  api::Settings& settings() { return services_->settings; }

 private:
  const std::unique_ptr<platform::Contract> contract_;
  platform::TokenVerifier verifier_;
  api::Pepper pepper_;
  const std::shared_ptr<temporal::Client> temporal_;
  const std::unique_ptr<activities::Dispatcher> dispatcher_;
  const std::unique_ptr<api::Services> services_;
  api::HealthChecks health_;
  const std::unique_ptr<platform::Router> router_;
  api::Binder binder_;
  std::vector<std::string> unbound_;
  std::map<std::string, std::string> tokens_;  // by user
  std::atomic<int> requests_ = 0;
};

}  // namespace gpuaas::tests
