// iam, catalog, nodes and ops over REST.
#include "domain/nodes/renewal.h"
#include "domain/nodes/tls_name.h"
#include "domain/status.h"
#include "platform/auth/base64url.h"
#include "platform/tls/tls.h"
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

// What a node does with its key.
struct NodeKey {
  std::string pem = *platform::GenerateKey();
  std::string csr = *platform::MakeCsr(pem, "whoever", {"edge.example"});
};

class NodesRest : public RestTest {
 protected:
  Json Enrolment(const std::string& token) {
    return {{"token", token},
            {"csr_pem", key_.csr},
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
  std::string Enrolled() {
    return api_.Send("POST", "/agent/v1/enrol", {}, Enrolment(Token("gpu-1")).dump()).body["node_id"];
  }
  TestApi::Headers Certificate(const std::string& node) {
    return {{"X-Edge-Secret", api_.settings().edge_secret},
            {"X-Client-Verify", "SUCCESS"},
            {"X-Client-Subject", "CN=" + node + ",OU=node"}};
  }
  // As the holder of `key` asks for a certificate for `next`.
  ApiAnswer Renew(const std::string& node, const NodeKey& key, const NodeKey& next) {
    const std::string signature = platform::Base64UrlEncode(*platform::Sign(key.pem, RenewalText(node, next.csr)));
    return api_.Send("POST", "/agent/v1/renew", {},
                     Json{{"node_id", node}, {"csr_pem", next.csr}, {"signature", signature}}.dump());
  }
  ApiAnswer Beat(const std::string& node) {
    const Json beat = {{"boot_id", "b1"},
                       {"agent_version", "1"},
                       {"inventory_digest", "d1"},
                       {"sandboxes", Json::array()},
                       {"inventory", Enrolment("")["inventory"]}};
    return api_.Send("POST", "/agent/v1/heartbeat", Certificate(node), beat.dump());
  }

  const NodeKey key_;
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
  Json request = Enrolment(Token("gpu-1"));
  ApiAnswer enrolled = api_.Send("POST", "/agent/v1/enrol", {}, request.dump());
  ASSERT_EQ(enrolled.status, 201) << enrolled.body;
  const std::string node = enrolled.body["node_id"];
  // Neither the host that it says it is reached at nor what its CSR asks for.
  EXPECT_EQ(enrolled.body["certificate_pem"], "certificate of " + node + " " + TlsNameOfNode(node));
  // The answer got lost: the same node again, by its key.
  EXPECT_EQ(api_.Send("POST", "/agent/v1/enrol", {}, request.dump()).body["node_id"], node);
  request["csr_pem"] = NodeKey().csr;
  Refused(api_.Send("POST", "/agent/v1/enrol", {}, request.dump()), 409, "enrolment_token_used");
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

TEST_F(NodesRest, AnEnrolmentEndsWhenTheNodeIsActive) {
  const std::string node = Enrolled();
  const auto running = [&] { return api_.As("ops-user", "GET", "/api/v1/ops/overview").body["operations_running"]; };
  EXPECT_EQ(running(), 1);
  EXPECT_EQ(Beat(node).status, 200);
  EXPECT_EQ(running(), 0);
}

TEST_F(NodesRest, ANodeRenewsByItsKey) {
  const std::string node = Enrolled();
  const NodeKey next, later;
  // Its certificate may have ended while it was off: no certificate is asked for.
  api_.clock.Advance(std::chrono::hours(1000));
  ApiAnswer renewed = Renew(node, key_, next);
  ASSERT_EQ(renewed.status, 200) << renewed.body;
  EXPECT_EQ(renewed.body["certificate_pem"], "certificate of " + node + " " + TlsNameOfNode(node));
  // The answer got lost: it asks for the same again with the key that it has.
  EXPECT_EQ(Renew(node, key_, next).status, 200);
  Refused(Renew(node, key_, later), 401, "unauthenticated");
  EXPECT_EQ(Renew(node, next, later).status, 200);
}

TEST_F(NodesRest, NobodyElseRenews) {
  const std::string node = Enrolled();
  Refused(Renew(node, NodeKey(), NodeKey()), 401, "unauthenticated");
  Refused(Renew(NodeId::New(api_.clock.Now()), key_, NodeKey()), 401, "unauthenticated");
  Json request = {{"node_id", node}, {"csr_pem", NodeKey().csr}, {"signature", "!"}};
  Refused(api_.Send("POST", "/agent/v1/renew", {}, request.dump()), 401, "unauthenticated");
  Refused(api_.Send("POST", "/agent/v1/renew", Certificate(node), request.dump()), 401, "unauthenticated");
  request["csr_pem"] = "bad";
  Refused(api_.Send("POST", "/agent/v1/renew", {}, request.dump()), 400, "invalid_argument");
}

TEST_F(NodesRest, AReclaimedNodeStaysOut) {
  const Json request = Enrolment(Token("gpu-1"));
  const std::string node = api_.Send("POST", "/agent/v1/enrol", {}, request.dump()).body["node_id"];
  absl::Status reclaimed = database_.app().Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    return stores::SetNodeState(tx, NodeId(node), domain::NodeState::kReclaimed, OperationId(), "",
                                {.tenant = PlatformTenant(), .principal = "test"}, api_.clock.Now())
        .status();
  });
  ASSERT_TRUE(reclaimed.ok()) << reclaimed;
  Refused(Renew(node, key_, NodeKey()), 409, "invalid_state");
  Refused(Beat(node), 409, "invalid_state");
  Refused(api_.Send("POST", "/agent/v1/enrol", {}, request.dump()), 409, "invalid_state");
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
  const std::string node = Enrolled();
  Json beat = {{"boot_id", "b1"}, {"agent_version", "1"}, {"inventory_digest", "d1"}, {"sandboxes", Json::array()}};
  ApiAnswer first = api_.Send("POST", "/agent/v1/heartbeat", Certificate(node), beat.dump());
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.body["interval_seconds"], 5);
  EXPECT_EQ(first.body["fence_after_seconds"], 600);
  EXPECT_EQ(first.body["send_inventory"], true);
  EXPECT_EQ(Beat(node).body["send_inventory"], false);
  EXPECT_EQ(api_.As("ops-user", "GET", "/api/v1/nodes/" + node).body["state"], "active");
  Refused(Beat(NodeId::New(api_.clock.Now())), 404, "not_found");
}

TEST_F(NodesRest, OrdersGoToTheNodesWorkflow) {
  const std::string node = Enrolled();
  Beat(node);
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
