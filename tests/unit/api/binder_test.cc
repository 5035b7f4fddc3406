// What a request has to get past before a handler sees it. None of these reach the database.
#include "domain/status.h"
#include "gmock/gmock.h"
#include "tests/mocks/api/test_api.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;
using tests::ApiAnswer;
using tests::TestApi;

class BinderTest : public testing::Test {
 protected:
  TestApi::Headers Bearer(const std::string& role, TestApi::Headers more = {}) {
    platform::Claims claims;
    claims.projects = {{"prj_1", "research", role}};
    more["Authorization"] = "Bearer " + api_.TokenFor(claims);
    return more;
  }
  static void Refused(const ApiAnswer& answer, int status, std::string_view code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.code(), code);
    EXPECT_EQ(answer.body.value("correlation_id", ""), answer.correlation_id);
  }

  platform::Database nowhere_{platform::DatabaseOptions("postgresql://127.0.0.1:1/nowhere")};
  TestApi api_{nowhere_};
  const std::string path_ = "/api/v1/allocations";
};

TEST_F(BinderTest, CredentialsAreNeeded) {
  for (const platform::Route& route : api_.router().routes()) {
    if (!route.path.starts_with("/api/v1/") || route.path.find("/auth/dev-login") != std::string::npos) continue;
    if (route.path.ends_with("bootstrap.sh") || route.path.ends_with("/nodes/agent")) continue;
    Refused(api_.Send(route.method, route.path), 401, "unauthenticated");
  }
  for (const char* header : {"", "Basic abc", "Bearer", "bearer"}) {
    Refused(api_.Send("GET", path_, {{"Authorization", header}}), 401, "unauthenticated");
  }
  Refused(api_.Send("GET", path_, {{"Authorization", "Bearer nonsense"}}), 401, "token_invalid");
}

TEST_F(BinderTest, TheSchemeIsCaseInsensitive) {
  const std::string token = api_.TokenFor({});
  EXPECT_EQ(api_.Send("GET", "/api/v1/auth/whoami", {{"Authorization", "bEARER " + token}}).status, 200);
}

TEST_F(BinderTest, ExpiredTokensHaveTheirCode) {
  auto headers = Bearer("member");
  api_.clock.Advance(platform::kTokenLifetime);
  Refused(api_.Send("GET", path_, headers), 401, "token_expired");
}

TEST_F(BinderTest, RolesAreChecked) {
  Refused(api_.Send("POST", path_, Bearer("viewer", {{"X-Idempotency-Key", "k"}}), "{}"), 403, "permission_denied");
  Refused(api_.Send("POST", path_, Bearer("no-such-role", {{"X-Idempotency-Key", "k"}}), "{}"), 403,
          "permission_denied");
  for (const char* path : {"/api/v1/nodes", "/api/v1/ops/overview", "/api/v1/ops/workflows"}) {
    Refused(api_.Send("GET", path, Bearer("project_admin")), 403, "permission_denied");
  }
}

TEST_F(BinderTest, OtherTenantsAndProjectsAreNotThere) {
  Refused(api_.Send("GET", path_, Bearer("project_admin", {{"X-Tenant", "globex"}})), 404, "not_found");
  Refused(api_.Send("GET", path_, Bearer("project_admin", {{"X-Project", "other"}})), 404, "not_found");
  EXPECT_EQ(api_.Send("GET", "/api/v1/auth/whoami", Bearer("member", {{"X-Tenant", "acme"}, {"X-Project", "prj_1"}}))
                .body["scope"]["project"],
            "research");
}

TEST_F(BinderTest, WhoAmITellsWhatTheCallerMayDo) {
  const Json body = api_.Send("GET", "/api/v1/auth/whoami", Bearer("viewer")).body;
  EXPECT_EQ(body["role"], "viewer");
  EXPECT_THAT(body["permissions"], testing::Contains("allocation.read"));
  EXPECT_THAT(body["permissions"], testing::Not(testing::Contains("allocation.write")));
}

TEST_F(BinderTest, MutationsNeedAUsableKey) {
  Refused(api_.Send("POST", path_, Bearer("member"), "{}"), 400, "idempotency_key_required");
  for (const std::string& key : {std::string("a b"), std::string("\x7f"), std::string(129, 'k'), std::string("k\n")}) {
    Refused(api_.Send("POST", path_, Bearer("member", {{"X-Idempotency-Key", key}}), "{}"), 400,
            "idempotency_key_invalid");
  }
}

TEST_F(BinderTest, BodiesAreCheckedByTheContract) {
  const auto headers = Bearer("member", {{"X-Idempotency-Key", "k"}});
  for (const char* body : {"", "{", "nonsense", R"({"sku":"a","sku":"b"})"}) {
    Refused(api_.Send("POST", path_, headers, body), 400, "malformed_request");
  }
  Refused(api_.Send("POST", path_, headers, "[]"), 400, "invalid_argument");
  ApiAnswer answer = api_.Send("POST", path_, headers,
                               R"({"sku":1,"gpus":0,"region":"","ssh_key_ids":["a","a"],"lease_seconds":1,"more":1})");
  Refused(answer, 400, "invalid_argument");
  std::vector<std::string> fields;
  for (const Json& fault : answer.body["details"]["fields"]) fields.push_back(fault["field"]);
  EXPECT_THAT(fields, testing::UnorderedElementsAre("sku", "gpus", "region", "ssh_key_ids", "lease_seconds", "more"));
  auto text = headers;
  text["Content-Type"] = "text/plain";
  Refused(api_.Send("POST", path_, text, "{}"), 415, "unsupported_media_type");
}

TEST_F(BinderTest, QueriesAreCheckedByTheContract) {
  const auto headers = Bearer("member");
  for (const char* query : {"?limit=0", "?limit=201", "?limit=x", "?limit=1&limit=2", "?state=sleeping", "?wat=1",
                            "?cursor=junk", "?cursor=%00", "?cursor=alloc_1"}) {
    Refused(api_.Send("GET", path_ + query, headers), 400, "invalid_argument");
  }
}

TEST_F(BinderTest, NodesAreKnownByTheCertificateThatTheEdgeVerified) {
  const std::string path = "/agent/v1/heartbeat";
  const std::string node = NodeId::New(api_.clock.Now());
  const auto says = [&](std::string verify, std::string subject) {
    return TestApi::Headers{{"X-Edge-Secret", api_.settings().edge_secret},
                            {"X-Client-Verify", std::move(verify)},
                            {"X-Client-Subject", std::move(subject)}};
  };
  Refused(api_.Send("POST", path, {}, "{}"), 401, "unauthenticated");
  Refused(api_.Send("POST", path, says("", "CN=" + node), "{}"), 401, "unauthenticated");
  Refused(api_.Send("POST", path, says("SUCCESS", "CN=api,OU=service"), "{}"), 401, "unauthenticated");
  Refused(api_.Send("POST", path, says("FAILED:expired", "CN=" + node), "{}"), 401, "unauthenticated");
  // Let in, and then its body is looked at.
  Refused(api_.Send("POST", path, says("SUCCESS", "OU=node,CN=" + node), "{}"), 400, "invalid_argument");
}

TEST_F(BinderTest, OnlyTheEdgeIsBelievedToHaveVerifiedACertificate) {
  TestApi::Headers headers = {{"X-Client-Verify", "SUCCESS"},
                              {"X-Client-Subject", "CN=" + NodeId::New(api_.clock.Now()).str()}};
  Refused(api_.Send("POST", "/agent/v1/heartbeat", headers, "{}"), 401, "unauthenticated");
  for (const std::string& secret : {std::string("another"), api_.settings().edge_secret + "x", std::string()}) {
    headers["X-Edge-Secret"] = secret;
    Refused(api_.Send("POST", "/agent/v1/heartbeat", headers, "{}"), 401, "unauthenticated");
  }
  api_.settings().edge_secret = "";  // not configured
  Refused(api_.Send("POST", "/agent/v1/heartbeat", headers, "{}"), 401, "unauthenticated");
}

TEST_F(BinderTest, DevLoginIsOffOutsideDevelopment) {
  api_.settings().dev_mode = false;
  Refused(api_.Send("POST", "/api/v1/auth/dev-login", {}, R"({"username":"a","password":"b"})"), 403,
          "permission_denied");
}

TEST_F(BinderTest, AnUnreachableDatabaseAndSecretStoreHaveTheirCodes) {
  Refused(api_.Send("GET", path_, Bearer("member")), 503, "database_unavailable");
  api_.vault.status = MakeError(ErrorCode::kVaultSealed, "sealed");
  Refused(api_.Send("POST", path_ + "/" + AllocationId::New(api_.clock.Now()).str() + "/release",
                    Bearer("member", {{"X-Idempotency-Key", "k"}})),
          503, "vault_sealed");
  ApiAnswer health = api_.Send("GET", "/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(health.body["database"], "unhealthy");
  EXPECT_EQ(health.body["queue"], "healthy");
  EXPECT_EQ(health.body["components"]["secret_store"]["status"], "unavailable");
  EXPECT_EQ(api_.Send("GET", "/health/live").status, 200);
  EXPECT_EQ(api_.Send("GET", "/health/ready").status, 503);
}

TEST_F(BinderTest, TheContractIsServed) {
  EXPECT_EQ(api_.Send("GET", "/docs/openapi.json").body["openapi"], "3.1.0");
  EXPECT_THAT(api_.Send("GET", "/docs").content_type, testing::StartsWith("text/html"));
  EXPECT_THAT(api_.Send("GET", "/metrics").content_type, testing::StartsWith("text/plain"));
}

}  // namespace
}  // namespace gpuaas::api
