#include "domain/status.h"
#include "tests/integration/api/rest_fixture.h"

namespace gpuaas::tests {
namespace {

using Json = nlohmann::json;
using AllocationsRest = RestTest;

constexpr char kPath[] = "/api/v1/allocations";

TEST_F(AllocationsRest, CreateAcceptsAndStartsTheWorkflow) {
  const std::string key = SshKey("dev-user");
  ApiAnswer answer = api_.As("dev-user", "POST", kPath, Wanted(key));
  ASSERT_EQ(answer.status, 202) << answer.body;
  const std::string id = answer.body["id"];
  EXPECT_EQ(answer.headers["Location"], std::string(kPath) + "/" + id);
  EXPECT_EQ(answer.body["state"], "requested");
  EXPECT_EQ(answer.body["tenant"], "acme");
  EXPECT_EQ(answer.body["project"], "ml-research");
  EXPECT_EQ(answer.body["workflow_id"], "allocation/" + id);
  EXPECT_EQ(answer.body["correlation_id"], answer.correlation_id);
  EXPECT_EQ(api_.temporal_service->Calls("StartWorkflowExecution"), 1);
  EXPECT_EQ(api_.As("dev-user", "GET", std::string(kPath) + "/" + id).body, answer.body);
  EXPECT_EQ(api_.As("dev-user", "GET", kPath).body["items"][0]["id"], id);
}

TEST_F(AllocationsRest, WithoutACountItIsTheLeastOfTheSku) {
  Json wanted = Wanted(SshKey("dev-user"));
  wanted["sku"] = "h200-sxm-8x";
  wanted.erase("gpus");
  EXPECT_EQ(api_.As("dev-user", "POST", kPath, wanted).body["gpus"], 8);
}

TEST_F(AllocationsRest, AQueuedOneTellsItsPlace) {
  const std::string first = NewAllocation()["id"], second = NewAllocation()["id"];
  Move(first, domain::AllocationState::kQueued);
  Move(second, domain::AllocationState::kQueued);
  const auto place = [&](const std::string& id) {
    return api_.As("dev-user", "GET", std::string(kPath) + "/" + id).body["queue_position"].get<int>();
  };
  EXPECT_THAT((std::vector{place(first), place(second)}), testing::UnorderedElementsAre(1, 2));
}

TEST_F(AllocationsRest, AnOperationTellsWhatCameOfIt) {
  const Json created = NewAllocation();
  const std::string path = "/api/v1/operations/" + created["operation_id"].get<std::string>();
  const Json running = api_.As("dev-user", "GET", path).body;
  EXPECT_EQ(running["kind"], "create");
  EXPECT_EQ(running["resource_id"], created["id"]);
  EXPECT_EQ(running["workflow_id"], created["workflow_id"]);
  EXPECT_EQ(running["state"], "running");
  Move(created["id"], domain::AllocationState::kProvisioning);
  Move(created["id"], domain::AllocationState::kActive);
  const Json ended = api_.As("dev-user", "GET", path).body;
  EXPECT_EQ(ended["state"], "succeeded");
  EXPECT_FALSE(ended["ended_at"].is_null());

  Refused(api_.As("other-user", "GET", path), 404, "not_found");
  EXPECT_EQ(api_.As("ops-user", "GET", path).status, 200);
  Refused(api_.As("dev-user", "GET", "/api/v1/operations/op_00000000000000000000000000"), 404, "not_found");
  Refused(api_.As("dev-user", "GET", "/api/v1/operations/nonsense"), 404, "not_found");
}

TEST_F(AllocationsRest, UnknownThingsHaveTheirCodes) {
  const std::string key = SshKey("dev-user");
  auto create = [&](const std::string& field, const Json& value) {
    Json body = Wanted(key);
    body[field] = value;
    return api_.As("dev-user", "POST", kPath, body);
  };
  Refused(create("sku", "h9000"), 400, "unknown_sku");
  Refused(create("region", "moon-1"), 400, "unknown_region");
  Refused(create("ssh_key_ids", {"key_00000000000000000000000000"}), 400, "unknown_ssh_key");
  Refused(create("ssh_key_ids", {key, SshKey("other-user")}), 400, "unknown_ssh_key");
  for (int gpus : {0, -1, 9, 1000, 1025}) Refused(create("gpus", gpus), 400, "invalid_argument");
  Refused(create("sku", "h200-sxm-8x"), 400, "invalid_argument");  // 1 GPU of a SKU that comes by eights
  Refused(create("lease_seconds", 59), 400, "invalid_argument");
  Refused(create("lease_seconds", 1'209'601), 400, "invalid_argument");
  EXPECT_THAT(api_.As("dev-user", "GET", kPath).body["items"], testing::IsEmpty());
  EXPECT_EQ(api_.temporal_service->Calls("StartWorkflowExecution"), 0);
}

TEST_F(AllocationsRest, AKeyIsGoodForOneRequest) {
  const Json wanted = Wanted(SshKey("dev-user"));
  const TestApi::Headers key = {{"X-Idempotency-Key", "run-1"}};
  ApiAnswer first = api_.As("dev-user", "POST", kPath, wanted, key);
  ApiAnswer again = api_.As("dev-user", "POST", kPath, wanted, key);
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers["Location"], first.headers["Location"]);
  Json other = wanted;
  other["gpus"] = 2;
  Refused(api_.As("dev-user", "POST", kPath, other, key), 409, "idempotency_key_reused");
  EXPECT_EQ(api_.As("dev-user", "GET", kPath).body["items"].size(), 1u);
  // Another operation, and another person, have their own.
  const std::string release = std::string(kPath) + "/" + first.body["id"].get<std::string>() + "/release";
  EXPECT_EQ(api_.As("dev-user", "POST", release, nullptr, key).status, 202);
}

TEST_F(AllocationsRest, ARefusedRequestDoesNotUseUpItsKey) {
  Json wanted = Wanted(SshKey("dev-user"));
  const TestApi::Headers key = {{"X-Idempotency-Key", "run-1"}};
  wanted["sku"] = "h9000";
  Refused(api_.As("dev-user", "POST", kPath, wanted, key), 400, "unknown_sku");
  wanted["sku"] = "h200-sxm-slice";
  EXPECT_EQ(api_.As("dev-user", "POST", kPath, wanted, key).status, 202);
}

TEST_F(AllocationsRest, WithoutTheWorkflowServiceRequestsAreAcceptedAllTheSame) {
  api_.temporal_service->FailNext("StartWorkflowExecution", absl::UnavailableError("down"), 100);
  EXPECT_EQ(NewAllocation()["state"], "requested");
}

TEST_F(AllocationsRest, OthersFindNothing) {
  const std::string path = std::string(kPath) + "/" + NewAllocation()["id"].get<std::string>();
  Refused(api_.As("other-user", "GET", path), 404, "not_found");
  for (const char* part : {"/history", "/events", "/connection"}) {
    Refused(api_.As("other-user", "GET", path + part), 404, "not_found");
  }
  Refused(api_.As("other-user", "POST", path + "/release"), 404, "not_found");
  Refused(api_.As("other-user", "POST", path + "/extend", {{"additional_seconds", 60}}), 404, "not_found");
  EXPECT_THAT(api_.As("other-user", "GET", kPath).body["items"], testing::IsEmpty());
  Refused(api_.As("other-user", "GET", kPath, nullptr, {{"X-Tenant", "acme"}}), 404, "not_found");
}

TEST_F(AllocationsRest, IdsThatAreNoneAreNotFound) {
  for (const char* id : {"x", "alloc_", "alloc_'%20OR%201=1", "node_01M7WPFSESE1XRKFD1G61WX9TE"}) {
    Refused(api_.As("dev-user", "GET", std::string(kPath) + "/" + id), 404, "not_found");
  }
  for (const char* id : {"%ff", "%c0%af", "\xff"}) {
    Refused(api_.As("dev-user", "POST", std::string(kPath) + "/" + id + "/release"), 400, "malformed_request");
  }
}

TEST_F(AllocationsRest, PlatformAdministratorsSeeAllTenants) {
  const std::string id = NewAllocation()["id"];
  const std::string path = std::string(kPath) + "/" + id;
  const Json seen = api_.As("ops-user", "GET", path).body;
  EXPECT_EQ(seen["tenant"], "acme");
  EXPECT_EQ(seen["project"], "ml-research");
  EXPECT_EQ(api_.As("ops-user", "GET", kPath).body["items"].size(), 1u);
  EXPECT_EQ(api_.As("ops-user", "GET", kPath, nullptr, {{"X-Tenant", "globex"}}).body["items"].size(), 0u);
  Refused(api_.As("ops-user", "POST", kPath, Wanted("key_1")), 400, "invalid_argument");  // whose would it be?
  Refused(api_.As("ops-user", "GET", path + "/connection"), 403, "permission_denied");
  EXPECT_EQ(api_.As("ops-user", "POST", path + "/release").status, 202);
}

TEST_F(AllocationsRest, ReleaseIsAcceptedOnceAndRepeatsChangeNothing) {
  const Json created = NewAllocation();
  const std::string path = std::string(kPath) + "/" + created["id"].get<std::string>();
  ApiAnswer first = api_.As("dev-user", "POST", path + "/release", {{"reason", "done"}});
  ASSERT_EQ(first.status, 202) << first.body;
  EXPECT_NE(first.body["operation_id"], created["operation_id"]);
  EXPECT_EQ(api_.temporal_service->Calls("SignalWorkflowExecution"), 1);
  ApiAnswer second = api_.As("dev-user", "POST", path + "/release");
  EXPECT_EQ(second.status, 202);
  EXPECT_EQ(second.body["operation_id"], first.body["operation_id"]);
  EXPECT_EQ(api_.temporal_service->Calls("SignalWorkflowExecution"), 1);
  Refused(api_.As("dev-user", "POST", path + "/extend", {{"additional_seconds", 60}}), 409, "invalid_state");
}

TEST_F(AllocationsRest, ExtendIsAnOperationOfItsOwn) {
  const Json created = NewAllocation();
  const std::string path = std::string(kPath) + "/" + created["id"].get<std::string>();
  ApiAnswer first = api_.As("dev-user", "POST", path + "/extend", {{"additional_seconds", 3600}});
  ApiAnswer second = api_.As("dev-user", "POST", path + "/extend", {{"additional_seconds", 3600}});
  EXPECT_EQ(first.status, 202) << first.body;
  EXPECT_NE(first.body["operation_id"], second.body["operation_id"]);
  Refused(api_.As("dev-user", "POST", path + "/extend", {{"additional_seconds", 1'209'600}}), 409, "quota_exceeded");
  Refused(api_.As("dev-user", "POST", path + "/extend", {{"additional_seconds", -60}}), 400, "invalid_argument");
}

TEST_F(AllocationsRest, AKeyIsKeptAsLongAsIsSet) {
  api_.settings().idempotency_retention = std::chrono::minutes(10);
  const Json wanted = Wanted(SshKey("dev-user"));
  const TestApi::Headers key = {{"X-Idempotency-Key", "run-1"}};
  const Json first = api_.As("dev-user", "POST", kPath, wanted, key).body;
  api_.clock.Advance(std::chrono::minutes(5));
  EXPECT_EQ(api_.As("dev-user", "POST", kPath, wanted, key).body["id"], first["id"]);
  api_.clock.Advance(std::chrono::minutes(5));
  const ApiAnswer later = api_.As("dev-user", "POST", kPath, wanted, key);
  EXPECT_EQ(later.status, 202) << later.body;
  EXPECT_NE(later.body["id"], first["id"]);
}

TEST_F(AllocationsRest, AProjectMayHaveOnlySoManyAllocationsAtATime) {
  api_.settings().project_allocations = 1;
  const std::string id = NewAllocation()["id"];
  Refused(api_.As("dev-user", "POST", kPath, Wanted(dev_key_)), 409, "quota_exceeded");
  Move(id, domain::AllocationState::kFailed);
  EXPECT_EQ(api_.As("dev-user", "POST", kPath, Wanted(dev_key_)).status, 202);
}

TEST_F(AllocationsRest, ConnectionNeedsAnActiveAllocation) {
  const std::string id = NewAllocation()["id"];
  const std::string path = std::string(kPath) + "/" + id + "/connection";
  ApiAnswer early = api_.As("dev-user", "GET", path);
  Refused(early, 409, "invalid_state");
  EXPECT_EQ(early.body["details"]["state"], "requested");
  Move(id, domain::AllocationState::kProvisioning);
  Move(id, domain::AllocationState::kActive);
  ApiAnswer answer = api_.As("dev-user", "GET", path + "?mode=ssh");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body["command"], "ssh -p 2201 a1@gpu-1");
  EXPECT_EQ(answer.body["port"], 2201);
  Refused(api_.As("dev-user", "GET", path + "?mode=telnet"), 400, "invalid_argument");
}

TEST_F(AllocationsRest, ListsPageByPageNewestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    api_.clock.Advance(std::chrono::milliseconds(2));
    ids.insert(ids.begin(), NewAllocation()["id"]);
  }
  std::vector<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const Json body = api_.As("dev-user", "GET", std::string(kPath) + "?limit=2" + cursor).body;
    for (const Json& item : body["items"]) seen.push_back(item["id"]);
    if (page == 2) EXPECT_TRUE(body["next_cursor"].is_null());
    if (page < 2) cursor = "&cursor=" + body["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(seen, ids);
  EXPECT_EQ(api_.As("dev-user", "GET", std::string(kPath) + "?state=active").body["items"].size(), 0u);
  EXPECT_EQ(api_.As("dev-user", "GET", std::string(kPath) + "?id_prefix=" + ids[0]).body["items"].size(), 1u);
}

TEST_F(AllocationsRest, HistoryNamesTheRun) {
  const std::string id = NewAllocation()["id"];
  ApiAnswer answer = api_.As("dev-user", "GET", std::string(kPath) + "/" + id + "/history");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body["workflow_id"], "allocation/" + id);
  EXPECT_EQ(answer.body["status"], "running");
  EXPECT_FALSE(answer.body["run_id"].is_null());
}

// Collects what a watcher sees, without waiting.
class Recorder final : public platform::EventStream {
 public:
  bool Send(std::string_view id, std::string_view event, std::string_view data) override {
    events.push_back(std::string(event));
    text += std::string(data) + "\n";
    if (!id.empty()) last_id = id;
    if (!data.empty()) last_data = Json::parse(data);
    return true;
  }
  bool Comment(std::string_view) override { return true; }
  bool Wait(std::chrono::milliseconds) override { return false; }  // as if the watcher had left

  std::vector<std::string> events;
  std::string text;
  std::string last_id;
  Json last_data;
};

TEST_F(AllocationsRest, OneUserCannotTakeAllStreams) {
  const std::string path = std::string(kPath) + "/" + NewAllocation()["id"].get<std::string>() + "/events";
  std::vector<ApiAnswer> open;
  for (int i = 0; i < 16; ++i) open.push_back(api_.As("dev-user", "GET", path));
  EXPECT_TRUE(open.back().stream);
  ApiAnswer refused = api_.As("dev-user", "GET", path);
  Refused(refused, 429, "rate_limited");
  EXPECT_EQ(refused.headers["Retry-After"], "5");
  EXPECT_TRUE(api_.As("ops-user", "GET", path).stream);
  open.pop_back();
  EXPECT_TRUE(api_.As("dev-user", "GET", path).stream);
}

TEST_F(AllocationsRest, RawEventsAreForThePlatform) {
  const std::string path = std::string(kPath) + "/" + NewAllocation()["id"].get<std::string>() + "/history?events=true";
  Refused(api_.As("dev-user", "GET", path), 403, "permission_denied");
  Refused(api_.As("other-user", "GET", path), 404, "not_found");
  EXPECT_FALSE(api_.As("ops-user", "GET", path).body["events"].empty());
}

TEST_F(AllocationsRest, CausesInsideAreForThePlatform) {
  const std::string id = NewAllocation()["id"];
  const std::string raw = "node node_1: failed to connect to 10.0.0.7:7443";
  absl::Status failed = database_.app().Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    auto row = stores::GetAllocation(tx, AllocationId(id));
    if (!row.ok()) return row.status();
    stores::AllocationTransition transition{.id = row->id,
                                            .operation = row->driving_operation,
                                            .to = domain::AllocationState::kFailed,
                                            .reason = raw,
                                            .error_code = "node_unreachable",
                                            .now = api_.clock.Now()};
    return stores::TransitionAllocation(tx, transition).status();
  });
  ASSERT_TRUE(failed.ok()) << failed;
  const std::string path = std::string(kPath) + "/" + id;
  const Json seen = api_.As("dev-user", "GET", path).body;
  EXPECT_EQ(seen["error"]["message"], InfoOf(ErrorCode::kNodeUnreachable).meaning);
  EXPECT_EQ(seen["reason"], seen["error"]["message"]);
  EXPECT_EQ(api_.As("ops-user", "GET", path).body["error"]["message"], raw);
  Recorder watcher;
  api_.As("dev-user", "GET", path + "/events", nullptr, {{"Last-Event-ID", "0"}}).stream(watcher);
  EXPECT_EQ(watcher.events.at(watcher.events.size() - 2), "allocation.failed");
  EXPECT_THAT(watcher.text, testing::Not(testing::HasSubstr("10.0.0.7")));
  EXPECT_THAT(watcher.text, testing::HasSubstr(seen["reason"].get<std::string>()));
}

TEST_F(AllocationsRest, EventsResumeAfterTheLastOneAndEndWithTheAllocation) {
  const std::string id = NewAllocation()["id"];
  const std::string path = std::string(kPath) + "/" + id + "/events";
  Recorder first;
  ApiAnswer watch = api_.As("dev-user", "GET", path);
  ASSERT_TRUE(watch.stream);
  watch.stream(first);
  EXPECT_THAT(first.events, testing::ElementsAre("snapshot"));
  Move(id, domain::AllocationState::kProvisioning);
  Move(id, domain::AllocationState::kActive);
  Recorder second;
  api_.As("dev-user", "GET", path, nullptr, {{"Last-Event-ID", first.last_id}}).stream(second);
  EXPECT_THAT(second.events, testing::ElementsAre("allocation.provisioning", "allocation.active"));
  EXPECT_EQ(second.last_data["resource"], id);
  EXPECT_EQ(second.last_data["data"]["state"], "active");
  Move(id, domain::AllocationState::kReleasing);
  Move(id, domain::AllocationState::kReleased);
  Recorder third;
  api_.As("dev-user", "GET", path, nullptr, {{"Last-Event-ID", second.last_id}}).stream(third);
  EXPECT_THAT(third.events, testing::ElementsAre("allocation.releasing", "allocation.released", "end"));
  Recorder fourth;
  api_.As("dev-user", "GET", path, nullptr, {{"Last-Event-ID", third.last_id}}).stream(fourth);
  EXPECT_THAT(fourth.events, testing::ElementsAre("end"));
  Refused(api_.As("dev-user", "GET", path, nullptr, {{"Last-Event-ID", "x"}}), 400, "invalid_argument");
}

}  // namespace
}  // namespace gpuaas::tests
