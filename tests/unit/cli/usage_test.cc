#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "cli/commands/allocation_connect.h"
#include "cli/commands/members.h"
#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(ResolveTest, WhatLivesIsMeantBeforeWhatHasEnded) {
  FakeWorld world;
  world.On("GET /api/v1/allocations",
           Answer(200, Page(Json::array({AllocationIn("released", kOther), AllocationIn("active")}))));
  world.On("POST /api/v1/allocations/" + kId + "/release", Answer(202, AllocationIn("active")));
  EXPECT_EQ(world.Run({"allocations", "release", "train-7b"}), 0);
  EXPECT_EQ(world.Sent("POST /api/v1/allocations/" + kId + "/release").size(), 1u);
  EXPECT_EQ(world.Run({"allocations", "get", "train-7b"}), 2);
  EXPECT_THAT(world.err, HasSubstr(kOther + "  train-7b  released"));
}

TEST(UsageTest, ValuesAreRefusedInWords) {
  FakeWorld world;
  EXPECT_EQ(world.Run({"allocations", "list", "--limit", "0"}), 2);
  EXPECT_THAT(world.err, HasSubstr("--limit: '0' is not a number from 1 up"));
  EXPECT_EQ(world.Run({"allocations", "list", "--state", "actve"}), 2);
  EXPECT_THAT(world.err, HasSubstr("'actve' is not one of requested, queued, provisioning, active"));
  EXPECT_EQ(world.Run({"allocations", "list", "--help"}), 0);
  EXPECT_THAT(world.out, Not(HasSubstr("POSITIVE")));
  EXPECT_EQ(world.Run({"allocations", "get", "--help"}), 0);
  EXPECT_THAT(world.out, Not(HasSubstr("{")));
  EXPECT_EQ(world.Run({"allocations", "list", "--url", "localhost:8443"}), 2);
  EXPECT_THAT(world.err, HasSubstr("--url: 'localhost:8443' is not a URL"));
  EXPECT_EQ(world.Run({"allocations", "release", kId, "--timeout", "5m"}), 2);
  EXPECT_THAT(world.err, HasSubstr("--timeout bounds nothing without --wait"));
  world.environment["GPUAAS_TIMEOUT"] = "5m";
  world.On("POST /api/v1/allocations/" + kId + "/release", Answer(202, AllocationIn("active")));
  EXPECT_EQ(world.Run({"allocations", "release", kId}), 0);
}

TEST(UsageTest, UnknownFieldsAreRefusedBeforeAnythingIsSent) {
  FakeWorld world;
  const std::string release = "POST /api/v1/allocations/" + kId + "/release";
  world.On(release, Answer(202, AllocationIn("active")));
  EXPECT_EQ(world.Run({"allocations", "release", kId, "--json", "id,nope"}), 2);
  EXPECT_THAT(Json::parse(world.err)["message"], "--json: there is no 'nope'");
  EXPECT_EQ(world.Run({"allocations", "release", kId, "--columns", "nope"}), 2);
  EXPECT_THAT(world.Sent(release), IsEmpty());
  EXPECT_EQ(world.Run({"allocations", "release", kId, "--json", "id,error.message"}), 0);
  EXPECT_EQ(world.Run({"nodes", "enrol", "--name", "gpu-15", "--json", "nope"}), 2);
  EXPECT_THAT(world.Sent("POST /api/v1/nodes/enrolments"), IsEmpty());

  world.On("GET /api/v1/allocations", Answer(200, Page(Json::array({AllocationIn("active")}))));
  EXPECT_EQ(world.Run({"allocations", "list", "--json", "nope"}), 2);
  EXPECT_EQ(world.out, "");
  EXPECT_THAT(world.err, HasSubstr("id, name, state"));
  EXPECT_EQ(world.Run({"allocations", "list", "--columns", "id,nope"}), 2);
  EXPECT_THAT(world.err, HasSubstr("lease_expires_at"));
}

// The properties of a schema in the contract, whose indentation is regular.
std::vector<std::string> PropertiesOf(const std::string& schema) {
  std::ifstream contract(GPUAAS_CONTRACT);
  std::vector<std::string> names;
  bool inside = false, in_properties = false;
  for (std::string line; std::getline(contract, line);) {
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == 4) inside = line == "    " + schema + ":";
    if (indent <= 6) in_properties = inside && line == "      properties:";
    const std::size_t colon = line.find(':');
    if (in_properties && indent == 8 && colon != std::string::npos) names.push_back(line.substr(8, colon - 8));
  }
  return names;
}

TEST(UsageTest, TheKnownMembersAreThoseOfTheContract) {
  using ::testing::UnorderedElementsAreArray;
  EXPECT_THAT(kAllocationMembers, UnorderedElementsAreArray(PropertiesOf("Allocation")));
  EXPECT_THAT(kNodeMembers, UnorderedElementsAreArray(PropertiesOf("Node")));
  EXPECT_THAT(kEnrolmentMembers, UnorderedElementsAreArray(PropertiesOf("NodeEnrolment")));
  EXPECT_THAT(kSshKeyMembers, UnorderedElementsAreArray(PropertiesOf("SshKey")));
}

TEST(UsageTest, RefusedFieldsAreNamedByTheirFlagsOnce) {
  FakeWorld world;
  const Json fault = {{"field", "lease_seconds"}, {"problem", "must be at most 1209600"}};
  world.On("POST /api/v1/allocations",
           Answer(400, {{"code", "invalid_argument"},
                        {"message", "the request can't be used: lease_seconds must be at most 1209600"},
                        {"correlation_id", "c"},
                        {"details", {{"fields", Json::array({fault, fault})}}}}));
  EXPECT_EQ(world.Run({"allocations", "create", "--sku", "s", "--region", "r", "--ssh-key-id", kKey, "--lease", "20d"}),
            2);
  EXPECT_THAT(world.err, ::testing::StartsWith(
                             "error: the request can't be used (invalid_argument)\n  --lease: must be at most 14d\n"));
  EXPECT_THAT(world.err, Not(HasSubstr("lease_seconds")));
}

TEST(UsageTest, HintsFitWhatWasAskedFor) {
  FakeWorld world;
  world.On("GET /api/v1/nodes/" + kGpu14, ErrorAnswer(404, "not_found", "no such node"));
  EXPECT_EQ(world.Run({"nodes", "get", kGpu14}), 6);
  EXPECT_THAT(world.err, HasSubstr("next: gpuaas nodes list\n"));
  EXPECT_EQ(world.Run({"api", "nowhere"}), 6);
  EXPECT_THAT(world.err, Not(HasSubstr("next:")));
  world.On("GET /api/v1/allocations", ErrorAnswer(404, "not_found", "no such tenant: nope"));
  EXPECT_EQ(world.Run({"allocations", "list", "--tenant", "nope"}), 6);
  EXPECT_THAT(world.err, HasSubstr("gpuaas auth whoami"));
  world.On("GET /health", Answer(503, {{"status", "unhealthy"}}));
  EXPECT_EQ(world.Run({"api", "/health"}), 10);
  EXPECT_THAT(world.err, Not(HasSubstr("next:")));
}

TEST(UsageTest, WordsOfOtherProgramsAreUnderstood) {
  FakeWorld world;
  const std::pair<std::vector<std::string>, std::string> kCases[] = {
      {{"allocations", "ls"}, "gpuaas allocations list?"},
      {{"allocations", "delete", kId}, "gpuaas allocations release?"},
      {{"allocations", "ssh", kId}, "gpuaas allocations connect?"},
      {{"allocations", "describe", kId}, "gpuaas allocations get?"},
      {{"ssh-keys", "add", "x"}, "gpuaas ssh-keys create?"},
      {{"projects", "list"}, "gpuaas auth whoami"}};
  for (const auto& [words, meant] : kCases) {
    EXPECT_EQ(world.Run(words), 2);
    EXPECT_THAT(world.err, HasSubstr(meant));
  }
}

TEST(UsageTest, EachCodeEndsAsTheTableSays) {
  FakeWorld world;
  ASSERT_EQ(world.Run({"help", "exit-codes", "-o", "json"}), 0);
  std::map<int, Json> codes;
  const Json table = Json::parse(world.out);
  for (const Json& row : table["items"]) codes[row["exit"]] = row["codes"];
  EXPECT_THAT(codes[8], ::testing::Contains(Json("still_pending")));
  EXPECT_THAT(codes[5], ::testing::Contains(Json("declined")));
  EXPECT_THAT(codes[1], ::testing::Contains(Json("wait_failed")));
  EXPECT_THAT(codes[130], ::testing::Contains(Json("interrupted")));
}

TEST(ConnectTest, SeveralWordsStayApart) {
  EXPECT_EQ(RemoteCommand({"nvidia-smi -L; id"}), "nvidia-smi -L; id");  // a line for the shell there
  EXPECT_EQ(RemoteCommand({"sh", "-c", "exit 42"}), "sh -c 'exit 42'");
  EXPECT_EQ(RemoteCommand({"echo", "it's", "$HOME", ""}), "echo 'it'\\''s' '$HOME' ''");
}

}  // namespace
}  // namespace gpuaas::cli
