#include "cli/commands/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands/gpuaas.h"
#include "fake_world.h"

namespace gpuaas::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class CompletionTest : public ::testing::Test {
 protected:
  std::vector<std::string> At(const std::vector<std::string>& words) {
    std::vector<std::string> found;
    const auto values = [](const std::string& type) {
      return type.ends_with("ALLOCATION") ? std::vector<Candidate>{{kId, "train-7b"}} : std::vector<Candidate>{};
    };
    for (const Candidate& candidate : Complete(*root_, words, values)) found.push_back(candidate.word);
    return found;
  }

  FakeWorld world_;
  Invocation run_{world_.World()};
  const std::unique_ptr<CLI::App> root_ = MakeGpuaas(run_);
};

TEST_F(CompletionTest, CommandsOptionsAndValues) {
  EXPECT_THAT(At({"al"}), ElementsAre("allocations"));
  EXPECT_THAT(At({""}), Not(Contains("__complete")));
  EXPECT_THAT(At({"allocations", "re"}), ElementsAre("release"));
  EXPECT_THAT(At({"allocations", "create", "--g"}), ElementsAre("--gpus"));
  EXPECT_THAT(At({"allocations", "create", "--out"}), ElementsAre("--output"));
  EXPECT_THAT(At({"allocations", "list", "--state", "rel"}), ElementsAre("releasing", "released"));
  EXPECT_THAT(At({"-o", "y"}), ElementsAre("yaml"));
  EXPECT_THAT(At({"--tenant", "acme", "no"}), ElementsAre("nodes"));
  EXPECT_THAT(At({"allocations", "get", "alloc_"}), ElementsAre(kId));
  EXPECT_THAT(At({"allocations", "get", "--watch", ""}), ElementsAre(kId));
  EXPECT_THAT(At({"allocations", "release", kId, "alloc_"}), ElementsAre(kId));
  EXPECT_THAT(At({"allocations", "get", "x", ""}), IsEmpty());
}

TEST_F(CompletionTest, IdsFromTheServerOrNothing) {
  world_.On("GET /api/v1/allocations",
            Answer(200, {{"items", Json::array({AllocationIn("active")})}, {"next_cursor", nullptr}}));
  EXPECT_EQ(world_.Run({"__complete", "--", "allocations", "get", ""}), 0);
  EXPECT_EQ(world_.out, kId + "\ttrain-7b active\ntrain-7b\t" + kId + " active\n");
  EXPECT_LE(world_.Sent("GET /api/v1/allocations")[0].timeout, std::chrono::milliseconds(250));
  FakeWorld stranger(/*logged_in=*/false);
  EXPECT_EQ(stranger.Run({"__complete", "--", "allocations", "get", ""}), 0);
  EXPECT_EQ(stranger.out + stranger.err, "");
  EXPECT_EQ(world_.Run({"__complete", "--", "allocations", "list", "--lim"}), 0);
  EXPECT_EQ(world_.out, "--limit\tShow at most this many\n");
}

TEST_F(CompletionTest, WhatHasEndedIsNotOfferedToReleaseConnectAndExtend) {
  const std::string ended = "alloc_01J8YYYYYYYYYYYYYYYYYYYYYY";
  world_.On("GET /api/v1/allocations",
            Answer(200, {{"items", Json::array({AllocationIn("released", ended), AllocationIn("active")})},
                         {"next_cursor", nullptr}}));
  for (const std::string command : {"release", "connect", "extend"}) {
    EXPECT_EQ(world_.Run({"__complete", "--", "allocations", command, ""}), 0);
    EXPECT_EQ(world_.out, kId + "\ttrain-7b active\ntrain-7b\t" + kId + " active\n");
  }
  EXPECT_EQ(world_.Run({"__complete", "--", "allocations", "get", ""}), 0);  // the name would be ambiguous
  EXPECT_EQ(world_.out, ended + "\ttrain-7b released\n" + kId + "\ttrain-7b active\n");
}

TEST_F(CompletionTest, Scripts) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(world_.Run({"completion", shell}), 0);
    EXPECT_THAT(world_.out, ::testing::HasSubstr("gpuaas __complete --"));
  }
  EXPECT_EQ(CompletionScript("tcsh"), "");
}

}  // namespace
}  // namespace gpuaas::cli
