#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "cli/commands/allocation_watch.h"
#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using platform::HttpRequest;
using platform::HttpResult;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPath = "/api/v1/allocations/" + kId;

std::string Event(int sequence, const std::string& state) {
  const Json event = {{"sequence", sequence},
                      {"type", "allocation." + state},
                      {"resource", kId},
                      {"at", "2025-01-02T03:02:1" + std::to_string(sequence % 10) + "Z"},
                      {"data", {{"state", state}}}};
  return "id: " + std::to_string(sequence) + "\nevent: allocation." + state + "\ndata: " + event.dump() + "\n\n";
}

class WatchTest : public ::testing::Test {
 protected:
  // The stream tells the states one after the other; asking gives the last one told.
  void Tell(std::vector<std::string> states) {
    world_.On("GET " + kPath, [this](const HttpRequest&) -> HttpResult {
      Json allocation = AllocationIn(States()[told_]);
      if (States()[told_] == "failed") allocation["error"] = error_;
      return Answer(200, allocation);
    });
    world_.On("GET " + kPath + "/events", [this](const HttpRequest& request) -> HttpResult {
      request.on_data("event: snapshot\ndata: " + AllocationIn(States()[told_]).dump() + "\n\n");
      for (std::size_t i = told_ + 1; i < States().size(); ++i) {
        told_ = i;
        if (!request.on_data(Event(40 + static_cast<int>(i), States()[i]))) break;
      }
      request.on_data("event: end\ndata: {}\n\n");
      return Answer(200, {});
    });
    states_ = std::move(states);
  }
  const std::vector<std::string>& States() const { return states_; }

  FakeWorld world_;
  std::vector<std::string> states_;
  std::atomic<std::size_t> told_ = 0;
  Json error_ = {{"code", "no_capacity"}, {"message", "no node fits"}};
};

TEST_F(WatchTest, ALinePerTransitionInAPipe) {
  Tell({"requested", "provisioning", "active"});
  EXPECT_EQ(world_.Run({"allocations", "get", kId, "--watch"}), 0);
  EXPECT_THAT(world_.out, HasSubstr("2025-01-02T03:02:11Z  41  allocation.provisioning  provisioning\n"
                                    "2025-01-02T03:02:12Z  42  allocation.active  active\n"));
}

TEST_F(WatchTest, JsonIsOneDocumentJsonlTheEvents) {
  Tell({"requested", "provisioning", "active"});
  EXPECT_EQ(world_.Run({"allocations", "get", kId, "--watch", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world_.out)["state"], "active");
  told_ = 0;
  EXPECT_EQ(world_.Run({"allocations", "get", kId, "--watch", "-o", "jsonl", "--json", "sequence,type"}), 0);
  EXPECT_EQ(
      world_.out,
      "{\"sequence\":41,\"type\":\"allocation.provisioning\"}\n{\"sequence\":42,\"type\":\"allocation.active\"}\n");
}

TEST_F(WatchTest, SettledFromTheStart) {
  Tell({"active"});
  EXPECT_EQ(world_.Run({"allocations", "get", kId, "--watch", "-o", "json"}), 0);
  EXPECT_EQ(Json::parse(world_.out)["state"], "active");
}

TEST_F(WatchTest, ExitFollowsTheOutcome) {
  Tell({"requested", "failed"});
  EXPECT_EQ(world_.Run({"allocations", "get", kId, "--watch", "-o", "json"}), 3);
  EXPECT_EQ(Json::parse(world_.out)["state"], "failed");
  EXPECT_EQ(Json::parse(world_.err)["code"], "no_capacity");
  told_ = 0;
  error_ = {{"code", "vault_sealed"}, {"message", "sealed"}};
  EXPECT_EQ(world_.Run({"allocations", "get", kId, "--watch"}), 1);
  EXPECT_THAT(world_.err, HasSubstr("is failed: sealed (wait_failed)\n  state: failed\n  cause: vault_sealed\n"));
}

TEST_F(WatchTest, CreateWaits) {
  Tell({"requested", "provisioning", "active"});
  world_.On("POST /api/v1/allocations", Answer(202, AllocationIn("requested")));
  const std::string key = "key_01J8ZZZZZZZZZZZZZZZZZZZZZZ";
  EXPECT_EQ(
      world_.Run({"allocations", "create", "--sku", "s", "--region", "r", "--ssh-key-id", key, "--wait", "-o", "json"}),
      0);
  EXPECT_EQ(Json::parse(world_.out)["state"], "active");
  EXPECT_EQ(world_.err, "");
}

TEST_F(WatchTest, StillPendingAtTheTimeout) {
  world_.On("GET " + kPath, Answer(200, AllocationIn("queued")));
  world_.On("GET " + kPath + "/events", ErrorAnswer(503, "unavailable", "no streams today"));
  EXPECT_EQ(world_.Run({"allocations", "get", kId, "--watch", "--timeout", "1ms", "-o", "json"}), 8);
  EXPECT_EQ(Json::parse(world_.out)["state"], "queued");
  EXPECT_THAT(Json::parse(world_.err)["next"].get<std::string>(), HasSubstr("--watch"));
}

TEST_F(WatchTest, AsksWhereThereIsNoStream) {
  std::atomic<int> asked = 0;
  world_.On("GET " + kPath, [&](const HttpRequest&) -> HttpResult {
    const int n = ++asked;
    if (n == 3) return ErrorAnswer(503, "unavailable", "restarting");
    return Answer(200, AllocationIn(n < 3 ? "requested" : n < 5 ? "provisioning" : "active"));
  });
  world_.On("GET " + kPath + "/events", ErrorAnswer(404, "not_found", "none"));
  Invocation run(world_.World());
  WatchOptions options;
  options.tick = std::chrono::milliseconds(1);
  options.stream_to_stdout = true;
  const WatchResult result = WatchAllocation(run, kId, options);
  EXPECT_EQ(result.allocation["state"], "active");
  EXPECT_EQ(ExitOfWait(result, "active"), ExitCode::kDone);
}

TEST_F(WatchTest, OnATerminalFinishedStepsStay) {
  Tell({"requested", "provisioning", "active"});
  const Json step = {{"name", "allocation.Place"},
                     {"kind", "activity"},
                     {"state", "completed"},
                     {"attempts", 1},
                     {"error", nullptr},
                     {"started_at", "2025-01-02T03:02:12Z"},
                     {"next_retry_at", nullptr},
                     {"ended_at", "2025-01-02T03:02:13Z"},
                     {"attempt_list", Json::array()}};
  world_.On(
      "GET " + kPath + "/history",
      Answer(200, {{"workflow_id", "w"}, {"run_id", "r"}, {"status", "running"}, {"steps", Json::array({step})}}));
  world_.out_terminal = world_.err_terminal = Terminal{true, false, 80};
  EXPECT_EQ(world_.Run({"allocations", "get", kId, "--watch"}), 0);
  const std::size_t first = world_.out.find("place           ok");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(world_.out.find("place           ok", first + 1), std::string::npos);  // once, whatever was redrawn
  EXPECT_THAT(world_.out, Not(HasSubstr("allocation.provisioning")));
  EXPECT_THAT(world_.err, HasSubstr("requested"));
}

TEST(SettledTest, Table) {
  EXPECT_TRUE(IsSettled("active", ""));
  EXPECT_FALSE(IsSettled("releasing", ""));
  EXPECT_TRUE(IsSettled("released", ""));
  EXPECT_TRUE(IsSettled("releasing", "active"));  // it can't become active any more
  EXPECT_FALSE(IsSettled("active", "released"));
  EXPECT_TRUE(IsSettled("failed", "released"));
  EXPECT_EQ(ExitOfWait({{{"state", "released"}}}, "active"), ExitCode::kFailed);
  EXPECT_EQ(ExitOfWait({{{"state", "released"}}}, ""), ExitCode::kDone);
}

}  // namespace
}  // namespace gpuaas::cli
