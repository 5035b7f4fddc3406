#include "tests/mocks/api/test_api.h"

#include <gtest/gtest.h>

#include "api/docs/handlers.h"
#include "api/service.h"
#include "domain/status.h"

namespace gpuaas::tests {
namespace {

using Json = nlohmann::json;

LocalKey& SharedKey() {
  static LocalKey key;  // making one takes a good part of a second
  return key;
}

std::unique_ptr<platform::Contract> ParseContract() {
  auto contract = platform::Contract::Parse(api::kContractYaml);
  EXPECT_TRUE(contract.ok()) << contract.status();
  return *std::move(contract);
}

}  // namespace

TestApi::TestApi(platform::Database& database)
    : key(SharedKey()),
      temporal_service(std::make_shared<temporal::testing::FakeService>()),
      contract_(ParseContract()),
      verifier_(key),
      pepper_(vault),
      temporal_(std::make_shared<temporal::Client>(temporal_service)),
      dispatcher_(activities::NewDispatcher(database, temporal_, clock)),
      services_(new api::Services{.database = database,
                                  .clock = clock,
                                  .vault = vault,
                                  .temporal = *temporal_,
                                  .dispatcher = *dispatcher_,
                                  .signer = key,
                                  .verifier = verifier_,
                                  .contract = *contract_,
                                  .pepper = pepper_,
                                  .settings = {.region = "us-buffalo-1",
                                               .public_url = "https://localhost:8443",
                                               .agent_url = "https://localhost:8444",
                                               .dev_mode = true,
                                               .edge_secret = "secret of the edge"}}),
      health_(*services_),
      router_(std::make_unique<platform::Router>()),
      binder_(*services_, *router_) {
  api::BindAll(binder_, *services_, health_);
  unbound_ = binder_.Unbound();
}

std::string TestApi::TokenFor(platform::Claims claims) {
  auto fill = [](std::string& text, const char* value) {
    if (text.empty()) text = value;
  };
  fill(claims.subject, "usr_1");
  fill(claims.name, "somebody");
  fill(claims.tenant_id, "tnt_1");
  fill(claims.tenant, "acme");
  fill(claims.token_id, "jti");
  claims.issued_at = std::chrono::floor<std::chrono::seconds>(clock.Now());
  claims.expires_at = claims.issued_at + platform::kTokenLifetime;
  return *platform::IssueToken(claims, key);
}

ApiAnswer TestApi::Send(const std::string& method, const std::string& path, const Headers& headers,
                        const std::string& body) {
  platform::Request request;
  request.method = method;
  request.path = path.substr(0, path.find('?'));
  request.body = body;
  request.remote_address = "127.0.0.1";
  request.correlation_id = "corr_" + std::to_string(++requests_);
  for (const auto& [name, value] : headers) request.headers[name] = value;
  const std::string query = path.find('?') == std::string::npos ? "" : path.substr(path.find('?') + 1);

  std::string operation_id;
  auto run = [&]() -> absl::StatusOr<platform::Response> {
    auto route = router_->Find(method, request.path, &request.params);
    if (!route.ok()) return route.status();
    for (const platform::Operation& operation : contract_->operations()) {
      if (operation.method == method && operation.path == (*route)->path) operation_id = operation.id;
    }
    auto parsed = platform::ParseQuery(query);
    if (!parsed.ok()) return parsed.status();
    request.query = *parsed;
    return (*route)->handler(request);
  };
  absl::StatusOr<platform::Response> result = run();
  platform::Response response =
      result.ok() ? *std::move(result) : platform::ErrorResponse(result.status(), request.correlation_id);

  ApiAnswer answer{.status = response.status,
                   .body = Json::parse(response.body, nullptr, false),
                   .headers = {response.headers.begin(), response.headers.end()},
                   .content_type = response.content_type,
                   .stream = response.stream,
                   .correlation_id = request.correlation_id};
  if (!operation_id.empty() && response.content_type == "application/json" && !response.stream) {
    absl::Status fits = contract_->CheckResponse(*contract_->Find(operation_id), response.status, answer.body);
    EXPECT_TRUE(fits.ok()) << fits.message() << "\n" << response.body;
  }
  return answer;
}

ApiAnswer TestApi::As(const std::string& username, const std::string& method, const std::string& path, const Json& body,
                      Headers headers) {
  std::string& token = tokens_[username];
  if (token.empty()) {
    const Json login = {{"username", username}, {"password", "dev123"}};
    ApiAnswer answer = Send("POST", "/api/v1/auth/dev-login", {}, login.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    token = answer.body.value("access_token", "");
  }
  headers.try_emplace("Authorization", "Bearer " + token);
  if (method != "GET") headers.try_emplace("X-Idempotency-Key", "key-" + std::to_string(requests_ + 1));
  return Send(method, path, headers, body.is_null() ? "" : body.dump());
}

}  // namespace gpuaas::tests
