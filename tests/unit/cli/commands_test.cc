#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/core/home.h"
#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using platform::HttpRequest;
using platform::HttpResult;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(LoginTest, StoresATokenAndNeverShowsIt) {
  FakeWorld world(/*logged_in=*/false);
  EXPECT_EQ(world.Run({"allocations", "list", "-o", "json"}), 4);
  EXPECT_EQ(Json::parse(world.err)["code"], "unauthenticated");
  const Json scope = {{"tenant_id", "tnt_1"}, {"tenant", "acme"}, {"project_id", "prj_1"}, {"project", "ml-research"}};
  world.On("POST /api/v1/auth/dev-login", Answer(200, {{"access_token", "tok"},
                                                       {"token_type", "Bearer"},
                                                       {"expires_at", "2999-01-01T00:00:00Z"},
                                                       {"scope", scope}}));
  EXPECT_EQ(world.Run({"auth", "dev-login", "--username", "dev-user", "--password", "dev123", "--output", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["scope"], scope);
  EXPECT_THAT(world.out + world.err, Not(HasSubstr("tok\"")));
  EXPECT_EQ(Json::parse(world.Sent("POST /api/v1/auth/dev-login")[0].body),
            Json({{"username", "dev-user"}, {"password", "dev123"}}));

  world.in = "from-stdin\n";
  EXPECT_EQ(world.Run({"auth", "dev-login", "-u", "dev-user", "--password-stdin"}), 0);
  EXPECT_EQ(Json::parse(world.Sent("POST /api/v1/auth/dev-login")[1].body)["password"], "from-stdin");
  EXPECT_EQ(world.Run({"auth", "dev-login", "-u", "dev-user"}), 2);  // never asks by itself
  EXPECT_EQ(world.Run({"context", "show", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["tenant"], "acme");
  EXPECT_EQ(Json::parse(world.out)["sources"]["tenant"], "login");
  EXPECT_EQ(world.Run({"auth", "logout"}), 0);
  EXPECT_EQ(world.Run({"auth", "whoami"}), 4);
}

TEST(ListTest, EmptyListIsSaidOnStderr) {
  FakeWorld world;
  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array())));
  EXPECT_EQ(world.Run({"allocations", "list"}), 0);
  EXPECT_THAT(world.out, IsEmpty());
  EXPECT_EQ(world.err, "no allocations\n");
  EXPECT_EQ(world.Run({"allocations", "list", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out), Page(Json::array()));
}

TEST(ListTest, TruncationIsSaid) {
  FakeWorld world;
  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array({AllocationIn("active")}), "c1")));
  EXPECT_EQ(world.Run({"allocations", "list", "--limit", "1"}), 0);
  EXPECT_THAT(world.out, HasSubstr(kId));
  EXPECT_THAT(world.err, HasSubstr("--cursor c1"));
  EXPECT_EQ(world.Run({"allocations", "list", "--limit", "1", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["next_cursor"], "c1");
}

TEST(ListTest, FieldsColumnsAndVariables) {
  FakeWorld world;
  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array({AllocationIn("active")}))));
  EXPECT_EQ(world.Run({"allocations", "list", "--json", "id,state"}), 0);
  EXPECT_EQ(Json::parse(world.out)["items"], Json::array({{{"id", kId}, {"state", "active"}}}));
  EXPECT_EQ(world.Run({"allocations", "list", "--columns", "state,region", "--no-headers"}), 0);
  EXPECT_EQ(world.out, "active  us-buffalo-1\n");
  world.environment["GPUAAS_OUTPUT"] = "jsonl";
  EXPECT_EQ(world.Run({"allocations", "list", "--json", "id"}), 0);
  EXPECT_EQ(world.out, "{\"id\":\"" + kId + "\"}\n");
  EXPECT_EQ(world.Run({"allocations", "list", "-o", "pdf"}), 2);
}

TEST(ResolveTest, PrefixesAndNames) {
  FakeWorld world;
  world.On("GET /api/v1/allocations", [](const HttpRequest& request) -> HttpResult {
    const bool by_id = request.url.find("id_prefix=") != std::string::npos;
    if (request.url.find("id_prefix=alloc_01J8Z") != std::string::npos)
      return Answer(200, Page(Json::array({AllocationIn("active")})));
    if (by_id && request.url.find("id_prefix=alloc_01J8&") == std::string::npos)
      return Answer(200, Page(Json::array()));
    Json other = AllocationIn("active", kOther);
    other["name"] = "eval";
    return Answer(200, Page(Json::array({AllocationIn("active"), other})));
  });
  world.On("GET /api/v1/allocations/" + kId, Answer(200, AllocationIn("active")));
  world.On("GET /api/v1/allocations/" + kOther, Answer(200, AllocationIn("active", kOther)));
  EXPECT_EQ(world.Run({"allocations", "get", kId}), 0);
  EXPECT_THAT(world.Sent("GET /api/v1/allocations"), IsEmpty());  // a whole id asks nothing
  EXPECT_EQ(world.Run({"allocations", "get", "01j8z", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["id"], kId);
  EXPECT_EQ(world.Run({"allocations", "get", "eval", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["id"], kOther);
  EXPECT_EQ(world.Run({"allocations", "get", "alloc_01J8"}), 2);
  EXPECT_THAT(world.err, HasSubstr(kOther));
  EXPECT_EQ(world.Run({"allocations", "get", "evall"}), 6);
  EXPECT_THAT(world.err, HasSubstr("did you mean eval?"));
}

TEST(CreateTest, SendsTheRequestOnce) {
  FakeWorld world;
  world.On("POST /api/v1/allocations", Answer(202, AllocationIn("requested")));
  EXPECT_EQ(world.Run({"allocations", "create", "--sku", "h200-sxm-8x", "--gpus", "8", "--region", "us-buffalo-1",
                       "--ssh-key-id", kKey, "--name", "train-7b", "--lease", "2h", "--idempotency-key", "my-run-001",
                       "--output", "json"}),
            0);
  EXPECT_EQ(Json::parse(world.out)["id"], kId);
  const auto sent = world.Sent("POST /api/v1/allocations");
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(Json::parse(sent[0].body), Json({{"sku", "h200-sxm-8x"},
                                             {"gpus", 8},
                                             {"region", "us-buffalo-1"},
                                             {"ssh_key_ids", Json::array({kKey})},
                                             {"name", "train-7b"},
                                             {"lease_seconds", 7200}}));
  EXPECT_TRUE(std::any_of(sent[0].headers.begin(), sent[0].headers.end(), [](const auto& header) {
    return header.first == "X-Idempotency-Key" && header.second == "my-run-001";
  }));
}

TEST(CreateTest, FlagsFromTheEnvironmentAndTheContext) {
  FakeWorld world;
  world.On("POST /api/v1/allocations", Answer(202, AllocationIn("requested")));
  const auto catalog = [](const Json& regions) { return Answer(200, Page(Json::array({{{"regions", regions}}}))); };
  world.On("GET /api/v1/catalog/skus", catalog({"eu-1", "us-buffalo-1"}));
  EXPECT_EQ(world.Run({"allocations", "create", "--sku", "s", "--ssh-key-id", kKey}), 2);  // no region anywhere
  EXPECT_THAT(world.err, HasSubstr("eu-1, us-buffalo-1"));
  world.On("GET /api/v1/catalog/skus", catalog({"us-buffalo-1"}));
  EXPECT_EQ(world.Run({"allocations", "create", "--sku", "s", "--ssh-key-id", kKey}), 0);
  EXPECT_EQ(Json::parse(world.Sent("POST /api/v1/allocations")[0].body),
            Json({{"sku", "s"}, {"region", "us-buffalo-1"}, {"ssh_key_ids", Json::array({kKey})}}));
  EXPECT_EQ(world.Run({"context", "use", "--region", "us-buffalo-1", "--project", "ml-research"}), 0);
  EXPECT_EQ(world.Run({"allocations", "create", "--sku", "s", "--ssh-key-id", kKey}), 0);
  EXPECT_EQ(Json::parse(world.Sent("POST /api/v1/allocations")[1].body)["region"], "us-buffalo-1");
}

TEST(CreateTest, BadInputIsTheServersToName) {
  FakeWorld world;
  world.On("GET /api/v1/ssh-keys", Answer(200, Page(Json::array())));
  world.On("POST /api/v1/allocations", ErrorAnswer(400, "unknown_ssh_key", "no such key"));
  EXPECT_EQ(world.Run({"allocations", "create", "--sku", "s", "--gpus", "-1", "--region", "r", "--ssh-key-id", "nope"}),
            2);
  EXPECT_THAT(world.err, HasSubstr("unknown_ssh_key"));
  EXPECT_EQ(
      world.Run({"allocations", "create", "--sku", "s", "--gpus", "many", "--region", "r", "--ssh-key-id", "nope"}), 2);
}

TEST(ReleaseTest, OneNeedsNoQuestionSeveralDo) {
  FakeWorld world;
  world.On("POST /api/v1/allocations/" + kId + "/release", Answer(202, AllocationIn("releasing")));
  world.On("POST /api/v1/allocations/" + kOther + "/release", Answer(202, AllocationIn("releasing", kOther)));
  EXPECT_EQ(world.Run({"allocations", "release", kId}), 0);
  EXPECT_EQ(world.Run({"allocations", "release", kId, kOther}), 2);
  EXPECT_THAT(world.err, HasSubstr("--yes"));
  EXPECT_THAT(world.Sent("POST /api/v1/allocations/" + kOther + "/release"), IsEmpty());
  EXPECT_EQ(world.Run({"allocations", "release", kId, kOther, "--yes", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["items"].size(), 2u);
}

TEST(ConfirmTest, AsksOnlyWhenInteractive) {
  FakeWorld world;
  const std::string node = "node_01J8ZZZZZZZZZZZZZZZZZZZZZZ";
  world.On("GET /api/v1/nodes/" + node,
           Answer(200, {{"id", node}, {"name", "gpu-14"}, {"gpus", {{{"index", 0}, {"allocation_id", kId}}}}}));
  world.On("POST /api/v1/nodes/" + node + "/drain", Answer(202, {{"id", node}, {"state", "draining"}}));
  EXPECT_EQ(world.Run({"nodes", "drain", node}), 2);
  world.in_is_tty = true;
  EXPECT_EQ(world.Run({"nodes", "drain", node}), 2);
  world.in = "n\n";
  EXPECT_EQ(world.Run({"--interactive", "nodes", "drain", node}), 5);
  EXPECT_THAT(world.err, HasSubstr("drain node gpu-14 (" + node + "), which ends " + kId));
  EXPECT_THAT(world.Sent("POST /api/v1/nodes/" + node + "/drain"), IsEmpty());
  world.in = "y\n";
  EXPECT_EQ(world.Run({"nodes", "drain", node, "--interactive"}), 0);
  EXPECT_EQ(world.Run({"nodes", "drain", node, "--yes"}), 0);
}

TEST(ConfirmTest, WhatIsSevereNeedsTheName) {
  FakeWorld world;
  const std::string node = "node_01J8ZZZZZZZZZZZZZZZZZZZZZZ";
  world.On("GET /api/v1/nodes/" + node, Answer(200, {{"id", node}, {"name", "gpu-14"}, {"gpus", Json::array()}}));
  world.On("POST /api/v1/nodes/" + node + "/reclaim", Answer(202, {{"id", node}, {"state", "draining"}}));
  world.in_is_tty = true;
  world.in = "y\n";
  EXPECT_EQ(world.Run({"--interactive", "nodes", "reclaim", node}), 5);
  EXPECT_THAT(world.err, HasSubstr("Type gpu-14"));
  EXPECT_THAT(world.Sent("POST /api/v1/nodes/" + node + "/reclaim"), IsEmpty());
  world.in = "gpu-14\n";
  EXPECT_EQ(world.Run({"--interactive", "nodes", "reclaim", node}), 0);
}

TEST(ConnectTest, GivesCommandHostPortUser) {
  FakeWorld world;
  world.On("GET /api/v1/allocations/" + kId + "/connection", Answer(200, {{"mode", "ssh"},
                                                                          {"command", "ssh -p 2201 g1@127.0.0.1"},
                                                                          {"host", "127.0.0.1"},
                                                                          {"port", 2201},
                                                                          {"user", "g1"},
                                                                          {"host_public_key", "ssh-ed25519 AAAA"}}));
  EXPECT_EQ(world.Run({"allocations", "connect", kId, "--mode", "ssh", "--output", "json"}), 0);
  const Json connection = Json::parse(world.out);
  const auto known_hosts = world.home() / "known_hosts" / kId;
  EXPECT_EQ(connection["host"], "127.0.0.1");
  EXPECT_EQ(connection["port"], 2201);
  EXPECT_EQ(connection["user"], "g1");
  EXPECT_EQ(connection["command"],
            "ssh -p 2201 -o UserKnownHostsFile=" + known_hosts.string() + " -o StrictHostKeyChecking=yes g1@127.0.0.1");
  EXPECT_EQ(ReadFile(known_hosts), "[127.0.0.1]:2201 ssh-ed25519 AAAA\n");
  EXPECT_EQ(world.Run({"allocations", "connect", kId}), 0);
  EXPECT_THAT(world.out, EndsWith("g1@127.0.0.1\n"));
  EXPECT_EQ(world.Run({"allocations", "connect", kId, "--mode", "terminal"}), 2);

  world.On("GET /api/v1/allocations/" + kId + "/connection", Answer(200, {{"mode", "ssh"},
                                                                          {"host", "-oProxyCommand=evil"},
                                                                          {"port", 1},
                                                                          {"user", "u"},
                                                                          {"host_public_key", nullptr}}));
  EXPECT_EQ(world.Run({"allocations", "connect", kId, "--exec"}), 1);  // an answer can't smuggle options into ssh
}

TEST(PendingCommandTest, ResumeSendsTheSameRequestAgain) {
  FakeWorld world;
  world.On("POST /api/v1/allocations", [](const HttpRequest&) {
    return HttpResult(platform::HttpError{platform::HttpError::Kind::kTimeout, "late"});
  });
  EXPECT_EQ(world.Run({"allocations", "create", "--sku", "s", "--region", "r", "--ssh-key-id", kKey,
                       "--idempotency-key", "k1", "-o", "json"}),
            10);
  EXPECT_THAT(Json::parse(world.err)["message"].get<std::string>(), HasSubstr("outcome unknown, key k1"));
  EXPECT_EQ(world.Run({"pending", "list", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["items"][0]["key"], "k1");
  EXPECT_EQ(Json::parse(world.out)["items"][0]["command"], "allocations create");

  world.On("POST /api/v1/allocations", Answer(202, AllocationIn("requested")));
  EXPECT_EQ(world.Run({"pending", "resume", "k1", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["id"], kId);
  const auto sent = world.Sent("POST /api/v1/allocations");
  EXPECT_EQ(sent.front().body, sent.back().body);
  EXPECT_EQ(world.Run({"pending", "resume", "k1"}), 6);
  EXPECT_EQ(world.Run({"pending", "list"}), 0);
  EXPECT_EQ(world.err, "no pending requests\n");
}

TEST(PendingCommandTest, TooOldIsRefusedAndForgetNeedsYes) {
  FakeWorld world;
  {
    const auto entry = PendingStore(world.home() / "pending")
                           .Begin({"old", "POST", "/api/v1/allocations", "{}", kUrl, "", "", "dev-user",
                                   "allocations create", "2020-01-01T00:00:00Z"});
  }
  EXPECT_EQ(world.Run({"pending", "resume", "old", "-o", "json"}), 7);
  EXPECT_EQ(Json::parse(world.err)["code"], "idempotency_key_expired");
  EXPECT_EQ(world.Run({"pending", "forget", "old"}), 2);
  EXPECT_EQ(world.Run({"pending", "forget", "old", "--yes"}), 0);
  EXPECT_EQ(world.Run({"pending", "forget", "old", "--yes"}), 6);
}

TEST(PendingCommandTest, AnExpiredLoginSendsNothing) {
  FakeWorld world;
  {
    const auto entry =
        PendingStore(world.home() / "pending")
            .Begin({"k1", "POST", "/api/v1/allocations", "{}", kUrl, "", "", "dev-user", "allocations create",
                    FormatTime(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()))});
  }
  Credentials(world.home() / "credentials.json").Store(kUrl, {"dev-user", "secret-token", "2020-01-01T00:00:00Z"});
  EXPECT_EQ(world.Run({"pending", "resume", "k1"}), 4);
  EXPECT_THAT(world.err, HasSubstr("token_expired"));
  EXPECT_THAT(world.err, HasSubstr("gpuaas pending resume k1"));
  EXPECT_THAT(world.Sent("POST /api/v1/allocations"), IsEmpty());
  EXPECT_TRUE(PendingStore(world.home() / "pending").Find("k1"));
}

TEST(ApiTest, RawCalls) {
  FakeWorld world;
  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array({1}))));
  EXPECT_EQ(world.Run({"api", "allocations"}), 0);
  EXPECT_EQ(Json::parse(world.out), Page(Json::array({1})));
  EXPECT_EQ(world.Run({"api", "allocations", "--paginate", "-o", "json"}), 0);
  world.On("POST /api/v1/ssh-keys", Answer(201, {{"id", kKey}}));
  EXPECT_EQ(world.Run({"api", "/api/v1/ssh-keys", "-f", "name=laptop", "-F", "a.b=3"}), 0);
  EXPECT_EQ(Json::parse(world.Sent("POST /api/v1/ssh-keys")[0].body), Json({{"name", "laptop"}, {"a", {{"b", 3}}}}));
  world.in = R"({"name": "from-stdin"})";
  EXPECT_EQ(world.Run({"api", "ssh-keys", "-f", "-"}), 0);
  EXPECT_EQ(Json::parse(world.Sent("POST /api/v1/ssh-keys")[1].body)["name"], "from-stdin");
  EXPECT_EQ(world.Run({"api", "nothing", "-o", "json"}), 6);
  EXPECT_EQ(Json::parse(world.err)["code"], "not_found");
}

TEST(UsageTest, UnknownWordsSuggest) {
  FakeWorld world;
  EXPECT_EQ(world.Run({"allocatoins", "list"}), 2);
  EXPECT_THAT(world.err, HasSubstr("did you mean gpuaas allocations?"));
  EXPECT_EQ(world.Run({"allocations", "lst"}), 2);
  EXPECT_THAT(world.err, HasSubstr("did you mean gpuaas allocations list?"));
  EXPECT_EQ(world.Run({"allocations", "list", "--limt", "3", "--output", "json"}), 2);
  EXPECT_EQ(Json::parse(world.err)["code"], "invalid_argument");
  EXPECT_EQ(world.Run({}), 0);
  EXPECT_THAT(world.out, HasSubstr("allocations"));
  EXPECT_EQ(world.Run({"allocations"}), 2);
  EXPECT_EQ(world.Run({"help", "exit-codes", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["items"].size(), 12u);
  EXPECT_EQ(world.Run({"help", "allocations", "create"}), 0);
  EXPECT_THAT(world.out, HasSubstr("--ssh-key-id"));
  EXPECT_EQ(world.Run({"help", "--man"}), 0);
  EXPECT_THAT(world.out, HasSubstr(".SS gpuaas ops workflows history\n"));
  EXPECT_EQ(world.Run({"version", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out)["name"], "gpuaas");
}

TEST(HostileServerTest, AnIdThatIsNoneNamesNoFile) {
  FakeWorld world;
  world.On("GET /api/v1/allocations",
           Answer(200, {{"items", {{{"id", "../../../victim"}, {"name", "job"}, {"state", "active"}}}},
                        {"next_cursor", nullptr}}));
  EXPECT_EQ(world.Run({"allocations", "connect", "job"}), 1);
  EXPECT_THAT(world.err, HasSubstr("an id that is none"));
  EXPECT_EQ(world.Run({"allocations", "connect", "alloc_../../../../../../victim1"}), 6);
}

TEST(HostileServerTest, AnAnswerThatIsNotOfTheContractIsNone) {
  FakeWorld world;
  for (const std::string& body : {std::string("[]"), std::string("\"x\""), std::string(100'000, '[')}) {
    world.On("GET /api/v1/allocations", platform::HttpResponse{200, {}, body});
    EXPECT_EQ(world.Run({"allocations", "list"}), 1) << body.substr(0, 10);
    EXPECT_THAT(world.err, HasSubstr("is not one of the contract"));
  }
}

TEST(JqTest, ShowsWhatTheProgramMakesOfTheData) {
  FakeWorld world;
  world.On("GET /api/v1/allocations/" + kId, Answer(200, AllocationIn("active")));
  EXPECT_EQ(world.Run({"allocations", "get", kId, "--jq", ".state, .gpus, [.id]"}), 0);
  EXPECT_EQ(world.out, "active\n8\n[\"" + kId + "\"]\n");
  EXPECT_EQ(world.Run({"allocations", "get", kId, "--jq", ".state | tonumber"}), 2);
  EXPECT_THAT(world.err, HasSubstr("cannot be parsed as a number"));
}

TEST(JqTest, ABadProgramIsRefusedBeforeAnythingIsSent) {
  FakeWorld world;
  EXPECT_EQ(world.Run({"allocations", "release", kId, "--jq", ".state |"}), 2);
  EXPECT_THAT(world.err, HasSubstr("syntax error"));
  EXPECT_THAT(world.Sent("POST /api/v1/allocations/" + kId + "/release"), IsEmpty());
  EXPECT_EQ(world.Run({"allocations", "release", kId, "-o", "xml"}), 2);
  EXPECT_THAT(world.Sent("POST /api/v1/allocations/" + kId + "/release"), IsEmpty());
}

TEST(HistoryTest, EventsAreTheWorkflowServices) {
  FakeWorld world;
  const Json scheduled = {{"eventId", "5"},
                          {"eventTime", "2025-01-02T03:02:12Z"},
                          {"eventType", "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"},
                          {"activityTaskScheduledEventAttributes", {{"activityType", {{"name", "allocation.Place"}}}}}};
  world.On("GET /api/v1/allocations/" + kId + "/history",
           Answer(200, {{"steps", Json::array()}, {"events", Json::array({scheduled})}}));
  EXPECT_EQ(world.Run({"allocations", "history", kId, "--events"}), 0);
  EXPECT_THAT(world.out, HasSubstr("activity-task-scheduled  allocation.Place"));
  EXPECT_THAT(world.Sent("GET /api/v1/allocations/" + kId + "/history")[0].url, HasSubstr("?events=true"));
  EXPECT_EQ(world.Run({"allocations", "history", kId, "--events", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out), (Json{{"events", Json::array({scheduled})}}));
}

TEST(UsageTest, HistoryOfAWorkflowByEitherName) {
  FakeWorld world;
  const Json history = {
      {"workflow_id", "allocation/" + kId}, {"run_id", "r"}, {"status", "running"}, {"steps", Json::array()}};
  world.On("GET /api/v1/ops/workflows/allocation/" + kId + "/history", Answer(200, history));
  EXPECT_EQ(world.Run({"ops", "workflows", "history", "allocation", kId, "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world.out), history);
  EXPECT_EQ(world.Run({"ops", "workflows", "history", "allocation/" + kId}), 0);
  EXPECT_EQ(world.Run({"ops", "workflows", "history", "allocation"}), 2);
}

}  // namespace
}  // namespace gpuaas::cli
