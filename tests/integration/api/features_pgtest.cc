// iam, catalog, nodes and ops over REST.
#include "domain/nodes/tls_name.h"
#include "domain/status.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/tenant_log.h"
#include "tests/integration/api/rest_fixture.h"

namespace gpuaas::tests {
namespace {

using Json = nlohmann::json;
using FeaturesRest = RestTest;

ApiAnswer Login(TestApi& api, const std::string& username, const std::string& password) {
  return api.Send("POST", "/api/v1/auth/dev-login", {}, Json{{"username", username}, {"password", password}}.dump());
}

TEST_F(FeaturesRest, LoginGivesATokenForTheFirstProject) {
  ApiAnswer answer = Login(api_, "dev-user", "dev123");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body["scope"]["tenant"], "acme");
  EXPECT_EQ(answer.body["scope"]["project"], "ml-research");
  EXPECT_TRUE(Login(api_, "ops-user", "dev123").body["scope"]["project"].is_null());
  EXPECT_EQ(api_.As("dev-user", "GET", "/api/v1/auth/whoami").body["role"], "project_admin");
}

TEST_F(FeaturesRest, WrongPasswordsAndUnknownUsersLookTheSame) {
  ApiAnswer wrong = Login(api_, "dev-user", "wrong"), unknown = Login(api_, "nobody", "dev123");
  Refused(wrong, 401, "invalid_credentials");
  Refused(unknown, 401, "invalid_credentials");
  EXPECT_EQ(wrong.body["message"], unknown.body["message"]);
}

TEST_F(FeaturesRest, LoginsAreLimitedPerUser) {
  for (int i = 0; i < 10; ++i) Refused(Login(api_, "dev-user", "wrong"), 401, "invalid_credentials");
  ApiAnswer limited = Login(api_, "dev-user", "dev123");
  Refused(limited, 429, "rate_limited");
  EXPECT_EQ(limited.headers["Retry-After"], "6");
  EXPECT_EQ(Login(api_, "other-user", "dev123").status, 200);
  api_.clock.Advance(std::chrono::seconds(6));
  EXPECT_EQ(Login(api_, "dev-user", "dev123").status, 200);
}

TEST_F(FeaturesRest, CatalogShowsWhatCanBeHad) {
  const Json skus = api_.As("dev-user", "GET", "/api/v1/catalog/skus").body["items"];
  EXPECT_GE(skus.size(), 2u);
  EXPECT_EQ(api_.As("dev-user", "GET", "/api/v1/catalog/skus/h200-sxm-slice").body["max_gpus"], 8);
  EXPECT_THAT(api_.As("dev-user", "GET", "/api/v1/catalog/skus?region=moon-1").body["items"], testing::IsEmpty());
  Refused(api_.As("dev-user", "GET", "/api/v1/catalog/skus/h9000"), 404, "not_found");
}

TEST_F(FeaturesRest, SshKeysBelongToTheirUser) {
  const std::string id = SshKey("dev-user"), path = "/api/v1/ssh-keys/" + id;
  EXPECT_EQ(api_.As("dev-user", "GET", path).body["id"], id);
  EXPECT_EQ(api_.As("dev-user", "GET", "/api/v1/ssh-keys").body["items"].size(), 1u);
  for (const char* user : {"other-user", "ops-user"}) {
    Refused(api_.As(user, "GET", path), 404, "not_found");
    Refused(api_.As(user, "DELETE", path), 404, "not_found");
  }
  const Json same = {{"name", "another"}, {"public_key", kKeys[0]}};
  Refused(api_.As("dev-user", "POST", "/api/v1/ssh-keys", same), 409, "conflict");
  EXPECT_EQ(api_.As("dev-user", "DELETE", path).status, 200);
  Refused(api_.As("dev-user", "GET", path), 404, "not_found");
}

TEST_F(FeaturesRest, SshKeysMustBePublicKeys) {
  for (const char* text :
       {"-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-ed25519 AAAAAAAAAAAAAAAA", "hello world, hello"}) {
    Refused(api_.As("dev-user", "POST", "/api/v1/ssh-keys", {{"name", "k"}, {"public_key", text}}), 400,
            "invalid_argument");
  }
}

class NodesRest : public RestTest {
 protected:
  static Json Enrolment(const std::string& token) {
    return {{"token", token},
            {"csr_pem", "csr"},
            {"advertise_address", "gpu-1.example:7443"},
            {"inventory",
             {{"source", "declared"},
              {"gpus", {{{"index", 0}, {"uuid", "GPU-0"}, {"model", "NVIDIA H200"}, {"memory_bytes", 141LL << 30}}}}}}};
  }
  std::string Token(const std::string& name) {
    ApiAnswer answer = api_.As("ops-user", "POST", "/api/v1/nodes/enrolments", {{"name", name}});
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.body.value("token", "");
  }
  static TestApi::Headers Certificate(const std::string& node) {
    return {{"X-Client-Verify", "SUCCESS"}, {"X-Client-Subject", "CN=" + node + ",OU=node"}};
  }
};

TEST_F(NodesRest, AnEnrolmentShowsTheSameTokenToTheSameRequest) {
  const TestApi::Headers key = {{"X-Idempotency-Key", "e1"}};
  ApiAnswer first = api_.As("ops-user", "POST", "/api/v1/nodes/enrolments", {{"name", "gpu-1"}}, key);
  ApiAnswer again = api_.As("ops-user", "POST", "/api/v1/nodes/enrolments", {{"name", "gpu-1"}}, key);
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.body, again.body);
  EXPECT_THAT(first.body["command"].get<std::string>(),
              testing::HasSubstr("GPUAAS_ENROL_TOKEN='" + first.body["token"].get<std::string>() + "' sh"));
  Refused(api_.As("dev-user", "POST", "/api/v1/nodes/enrolments", {{"name", "gpu-1"}}), 403, "permission_denied");
}

TEST_F(NodesRest, ATokenMakesOneNode) {
  const std::string token = Token("gpu-1");
  ApiAnswer enrolled = api_.Send("POST", "/agent/v1/enrol", {}, Enrolment(token).dump());
  ASSERT_EQ(enrolled.status, 201) << enrolled.body;
  const std::string node = enrolled.body["node_id"];
  EXPECT_EQ(enrolled.body["certificate_pem"], "certificate of " + node + " " + TlsNameOfNode(node) + " gpu-1.example");
  // The answer got lost: the same node again.
  EXPECT_EQ(api_.Send("POST", "/agent/v1/enrol", {}, Enrolment(token).dump()).body["node_id"], node);
  const Json shown = api_.As("ops-user", "GET", "/api/v1/nodes/" + node).body;
  EXPECT_EQ(shown["name"], "gpu-1");
  EXPECT_EQ(shown["state"], "enrolled");
  EXPECT_EQ(shown["gpus"].size(), 1u);
  EXPECT_EQ(api_.temporal_service->Calls("StartWorkflowExecution"), 1);
  EXPECT_EQ(api_.As("ops-user", "GET", "/api/v1/nodes").body["items"].size(), 1u);
}

TEST_F(NodesRest, ANameThatIsTakenIsRefusedBeforeThereIsAToken) {
  ASSERT_EQ(api_.Send("POST", "/agent/v1/enrol", {}, Enrolment(Token("gpu-1")).dump()).status, 201);
  Refused(api_.As("ops-user", "POST", "/api/v1/nodes/enrolments", {{"name", "gpu-1"}}), 409, "conflict");
  Token("gpu-2");
}

TEST_F(NodesRest, OtherTokensMakeNone) {
  const std::string token = Token("gpu-1");
  std::string forged = token;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const std::string& text : {std::string("x"), forged, token.substr(0, 30), token + "x"}) {
    Refused(api_.Send("POST", "/agent/v1/enrol", {}, Enrolment(text).dump()), 401, "enrolment_token_invalid");
  }
  api_.clock.Advance(std::chrono::hours(1));
  Refused(api_.Send("POST", "/agent/v1/enrol", {}, Enrolment(token).dump()), 401, "enrolment_token_invalid");
}

TEST_F(NodesRest, HeartbeatsMakeANodeActiveAndAskForItsInventory) {
  const std::string node = api_.Send("POST", "/agent/v1/enrol", {}, Enrolment(Token("gpu-1")).dump()).body["node_id"];
  Json beat = {{"boot_id", "b1"}, {"agent_version", "1"}, {"inventory_digest", "d1"}, {"sandboxes", Json::array()}};
  ApiAnswer first = api_.Send("POST", "/agent/v1/heartbeat", Certificate(node), beat.dump());
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.body["interval_seconds"], 5);
  EXPECT_EQ(first.body["fence_after_seconds"], 600);
  EXPECT_EQ(first.body["send_inventory"], true);
  beat["inventory"] = Enrolment("")["inventory"];
  EXPECT_EQ(api_.Send("POST", "/agent/v1/heartbeat", Certificate(node), beat.dump()).body["send_inventory"], false);
  EXPECT_EQ(api_.As("ops-user", "GET", "/api/v1/nodes/" + node).body["state"], "active");
  Refused(api_.Send("POST", "/agent/v1/heartbeat", Certificate(NodeId::New(api_.clock.Now())), beat.dump()), 404,
          "not_found");
  ApiAnswer renewed = api_.Send("POST", "/agent/v1/renew", Certificate(node), R"({"csr_pem":"csr"})");
  EXPECT_EQ(renewed.body["node_id"], node);
  Refused(api_.Send("POST", "/agent/v1/renew", Certificate(node), R"({"csr_pem":"bad"})"), 400, "invalid_argument");
}

TEST_F(NodesRest, OrdersGoToTheNodesWorkflow) {
  const std::string node = api_.Send("POST", "/agent/v1/enrol", {}, Enrolment(Token("gpu-1")).dump()).body["node_id"];
  Json beat = {{"boot_id", "b1"},
               {"agent_version", "1"},
               {"inventory_digest", "d1"},
               {"sandboxes", Json::array()},
               {"inventory", Enrolment("")["inventory"]}};
  api_.Send("POST", "/agent/v1/heartbeat", Certificate(node), beat.dump());
  const std::string path = "/api/v1/nodes/" + node;
  ApiAnswer cordon = api_.As("ops-user", "POST", path + "/cordon", {{"reason", "fan"}});
  ASSERT_EQ(cordon.status, 202) << cordon.body;
  EXPECT_EQ(cordon.headers["Location"], path);
  const std::string operation = "/api/v1/operations/" + cordon.body["operation_id"].get<std::string>();
  EXPECT_EQ(api_.As("ops-user", "GET", operation).body["kind"], "cordon");
  EXPECT_EQ(api_.As("ops-user", "GET", operation, nullptr, {{"X-Tenant", "acme"}}).status, 200);
  Refused(api_.As("dev-user", "GET", operation), 404, "not_found");
  EXPECT_EQ(api_.temporal_service->Calls("SignalWorkflowExecution"), 1);
  Refused(api_.As("dev-user", "POST", path + "/drain"), 403, "permission_denied");
  const auto log = database_.app().TransactFor<std::vector<stores::LogEntry>>(
      platform::SystemScope(), [](platform::Transaction& tx) {
        return stores::ReadLog(tx, {.tenant = PlatformTenant(), .resource_kind = "node", .limit = 100});
      });
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->back().type, "node.cordon_requested");
  EXPECT_THAT(log->back().principal, testing::StartsWith("usr_"));
  EXPECT_EQ(Json(log->back().operation.str()), cordon.body["operation_id"]);
}

TEST_F(FeaturesRest, OpsShowsThePlatform) {
  const std::string id = NewAllocation()["id"];
  const Json overview = api_.As("ops-user", "GET", "/api/v1/ops/overview").body;
  EXPECT_EQ(overview["allocations"]["requested"], 1);
  const Json workflow = api_.As("ops-user", "GET", "/api/v1/ops/workflows/allocation/" + id).body;
  EXPECT_EQ(workflow["status"], "running");
  EXPECT_EQ(api_.As("ops-user", "GET", "/api/v1/ops/workflows/allocation/" + id + "/history").status, 200);
  Refused(api_.As("ops-user", "GET", "/api/v1/ops/workflows/allocation/nothing"), 404, "not_found");
  Refused(api_.As("ops-user", "GET", "/api/v1/ops/workflows/allocation/nothing/history"), 404, "not_found");
}

TEST_F(FeaturesRest, ADeniedLookAtThePlatformIsAudited) {
  Refused(api_.As("dev-user", "GET", "/api/v1/nodes"), 403, "permission_denied");
  auto audited = database_.app().TransactFor<std::int64_t>(
      platform::SystemScope(), [](platform::Transaction& tx) -> absl::StatusOr<std::int64_t> {
        auto row = tx.QueryOne(
            "SELECT count(*) AS n FROM tenant_log WHERE audit_only AND type = 'access.denied' AND "
            "resource_id = 'listNodes'",
            {}, "no row");
        if (!row.ok()) return row.status();
        return row->Int("n");
      });
  ASSERT_TRUE(audited.ok()) << audited.status();
  EXPECT_EQ(*audited, 1);
}

TEST_F(FeaturesRest, HealthIsHealthy) {
  ApiAnswer health = api_.Send("GET", "/health");
  EXPECT_EQ(health.status, 200) << health.body;
  EXPECT_EQ(health.body["status"], "healthy");
  EXPECT_EQ(api_.Send("GET", "/health/ready").status, 200);
}

}  // namespace
}  // namespace gpuaas::tests
