#include "node/manager/manager.h"

#include <gmock/gmock.h>

#include <mutex>
#include <utility>

#include "domain/ids.h"
#include "tests/unit/node/no_space.h"
#include "tests/unit/node/temp_folder.h"

namespace gpuaas::node {
namespace {

using ::testing::ElementsAre;

constexpr char kKey[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

// A node in memory.
class FakeHost final : public SandboxHost {
 public:
  absl::StatusOr<RunningSandbox> Start(const SandboxSpec& spec) override {
    if (auto meanwhile = std::exchange(on_start, nullptr)) meanwhile();
    if (fail_next_start) {
      fail_next_start = false;
      return absl::InternalError("the disk is full");
    }
    existing[spec.allocation_id] = spec;
    std::lock_guard lock(mutex);
    running.insert(spec.allocation_id);
    return RunningSandbox{{1, 1}, 22'000, "ssh-ed25519 AAAA", "SHA256:x"};
  }
  std::optional<RunningSandbox> Find(const SandboxSpec& spec) override {
    std::lock_guard lock(mutex);
    if (!running.contains(spec.allocation_id)) return std::nullopt;
    return RunningSandbox{{1, 1}, 22'000, "ssh-ed25519 AAAA", "SHA256:x"};
  }
  absl::Status Stop(const SandboxSpec& spec) override {
    std::lock_guard lock(mutex);
    running.erase(spec.allocation_id);
    return absl::OkStatus();
  }
  absl::Status Remove(const SandboxSpec& spec) override {
    if (auto meanwhile = std::exchange(on_removal, nullptr)) meanwhile();
    if (fail_next_removal) {
      fail_next_removal = false;
      return absl::InternalError("busy");
    }
    existing.erase(spec.allocation_id);
    return absl::OkStatus();
  }
  absl::Status WriteKeys(const SandboxSpec& spec, const std::string& authorized_keys) override {
    keys[spec.allocation_id] = authorized_keys;
    return absl::OkStatus();
  }

  std::mutex mutex;
  std::map<std::string, SandboxSpec> existing;
  std::set<std::string> running;
  std::map<std::string, std::string> keys;
  std::function<void()> on_start, on_removal;  // what happens meanwhile, once
  bool fail_next_start = false;
  bool fail_next_removal = false;
};

class ManagerTest : public ::testing::Test {
 protected:
  ManagerTest() {
    gpus_ = *ParseDeclared("gpus: {count: 8, model: H200, memory_gib: 141}", "seed");
    list_ = *gpus_->List();
    Restart();
  }

  // As after a crash of the agent: only files and what runs are left.
  void Restart() {
    manager_.reset();
    evidence_.reset();
    const auto now = [this] { return now_; };
    evidence_ = *EvidenceJournal::Open(folder_.path() + "/evidence.log", now);
    ManagerOptions options;
    options.state_dir = folder_.path();
    options.instance = "0123abcd";
    options.subnet = "100.64.3";
    options.is_uid_taken = [](uid_t uid) { return uid == 700'001; };
    manager_ = *Manager::Open(options, *gpus_, host_, *evidence_, now);
  }

  void Pass(std::chrono::seconds time) {
    now_.monotonic += time;
    now_.wall += time;
  }

  EnsureRequest Request(const std::string& id, int first, int count, const std::string& operation = "op_1") {
    EnsureRequest request{id, operation, {}, "allocation", {{"key_1", kKey}}};
    for (int i = first; i < first + count; ++i) request.gpu_uuids.push_back(list_[static_cast<std::size_t>(i)].uuid);
    return request;
  }

  std::vector<std::string> Evidence() {
    std::vector<std::string> kinds;
    for (const auto& entry : evidence_->After(0, 100)) kinds.emplace_back(NameOf(entry.kind));
    return kinds;
  }

  TempFolder folder_;
  Moment now_{"boot", std::chrono::hours(1), Time(std::chrono::hours(24 * 365 * 56))};
  FakeHost host_;
  std::unique_ptr<GpuSource> gpus_;
  std::vector<GpuInfo> list_;
  std::unique_ptr<EvidenceJournal> evidence_;
  std::unique_ptr<Manager> manager_;
  const std::string a_ = AllocationId::New(Time(std::chrono::hours(500'000)));
  const std::string b_ = AllocationId::New(Time(std::chrono::hours(500'001)));
};

TEST_F(ManagerTest, EnsureIsTheSameTwice) {
  auto first = manager_->Ensure(Request(a_, 0, 2));
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = manager_->Ensure(Request(a_, 0, 2));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->user, first->user);
  EXPECT_EQ(second->started_at, first->started_at);
  EXPECT_EQ(host_.keys[a_], std::string(kKey) + " allocation:key_1\n");
  EXPECT_THAT(Evidence(), ElementsAre("started"));
}

TEST_F(ManagerTest, UidsThatOthersHaveAreLeftOut) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  ASSERT_TRUE(manager_->Ensure(Request(b_, 1, 1)).ok());
  EXPECT_EQ(host_.existing[a_].uid, 700'000u);
  EXPECT_EQ(host_.existing[b_].uid, 700'002u);
  EXPECT_NE(host_.existing[a_].address, host_.existing[b_].address);
}

TEST_F(ManagerTest, RefusesWhatCannotBe) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 2)).ok());
  EXPECT_EQ(manager_->Ensure(Request(b_, 1, 1)).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(manager_->Ensure(Request(a_, 0, 3, "op_2")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(manager_->Ensure(Request("../../etc", 4, 1)).status().code(), absl::StatusCode::kInvalidArgument);
  auto request = Request(b_, 4, 1);
  request.gpu_uuids.push_back(request.gpu_uuids[0]);
  EXPECT_EQ(manager_->Ensure(request).status().code(), absl::StatusCode::kInvalidArgument);
  request.gpu_uuids = {"GPU-unknown"};
  EXPECT_EQ(manager_->Ensure(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ManagerTest, ALateRepeatDoesNotUndoLaterKeys) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  ASSERT_TRUE(manager_->SetKeys(a_, "allocation", {}).ok());
  ASSERT_TRUE(manager_->SetKeys(a_, "app", {{"key_2", kKey}}).ok());
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  EXPECT_EQ(host_.keys[a_], std::string(kKey) + " app:key_2\n");
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1, "op_2")).ok());  // another operation does set them
  EXPECT_EQ(host_.keys[a_], std::string(kKey) + " allocation:key_1\n" + kKey + " app:key_2\n");
  Restart();
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  EXPECT_EQ(host_.keys[a_], std::string(kKey) + " allocation:key_1\n" + kKey + " app:key_2\n");
}

TEST_F(ManagerTest, RemovedIsForEver) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 2)).ok());
  Pass(std::chrono::seconds(100));
  auto ended = manager_->Remove(a_);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(*ended, now_.wall);
  EXPECT_TRUE(host_.existing.empty());
  Pass(std::chrono::seconds(100));
  EXPECT_EQ(*manager_->Remove(a_), *ended);
  Restart();
  EXPECT_EQ(*manager_->Remove(a_), *ended);
  EXPECT_EQ(manager_->Ensure(Request(a_, 0, 2)).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(manager_->Ensure(Request(b_, 0, 2)).ok());  // its GPUs and place are free
}

TEST_F(ManagerTest, RemovalBeforeTheOrderHoldsTheOrderOff) {
  auto ended = manager_->Remove(a_);
  ASSERT_TRUE(ended.ok());
  EXPECT_FALSE(ended->has_value());
  EXPECT_EQ(manager_->Ensure(Request(a_, 0, 2)).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ManagerTest, WhatFailedIsFinishedAfterARestart) {
  host_.fail_next_start = true;
  EXPECT_FALSE(manager_->Ensure(Request(a_, 0, 1)).ok());
  Restart();
  manager_->Reconcile();
  EXPECT_TRUE(host_.running.contains(a_));
  host_.fail_next_removal = true;
  EXPECT_FALSE(manager_->Remove(a_).ok());
  Restart();
  manager_->Reconcile();
  EXPECT_TRUE(host_.existing.empty());
  EXPECT_EQ(manager_->Ensure(Request(a_, 0, 1)).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ManagerTest, EvidenceGoesOnOverARestart) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  manager_->Observe();  // too soon for another entry
  Pass(std::chrono::seconds(30));
  manager_->Observe();
  EXPECT_THAT(Evidence(), ElementsAre("started", "running"));
  Restart();
  manager_->Reconcile();
  Pass(std::chrono::seconds(30));
  manager_->Observe();
  EXPECT_THAT(Evidence(), ElementsAre("started", "running", "running"));
}

// What ended unseen counts up to the last moment at which it was seen, and is started again.
TEST_F(ManagerTest, EvidenceNeverClaimsUnseenTime) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  Pass(std::chrono::seconds(30));
  manager_->Observe();
  const Time seen = now_.wall;
  host_.running.clear();  // the machine went down
  Pass(std::chrono::seconds(3'600));
  now_.boot_id = "next boot";
  Restart();
  manager_->Reconcile();
  EXPECT_THAT(Evidence(), ElementsAre("started", "running", "stopped", "started"));
  const auto entries = evidence_->After(0, 10);
  EXPECT_EQ(entries[2].wall, seen);
  EXPECT_EQ(entries[2].boot_id, "boot");
  EXPECT_EQ(entries[3].boot_id, "next boot");
  EXPECT_TRUE(host_.running.contains(a_));
}

TEST_F(ManagerTest, RemovalOfWhatEndedSaysWhenItWasLastSeen) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  Pass(std::chrono::seconds(10));
  manager_->Observe();
  const Time seen = now_.wall;
  host_.running.clear();
  Pass(std::chrono::seconds(50));
  EXPECT_EQ(*manager_->Remove(a_), seen);
}

TEST_F(ManagerTest, FencingEndsEverythingUntilContactIsBack) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  manager_->Fence();
  manager_->Fence();
  EXPECT_TRUE(host_.running.empty());
  EXPECT_THAT(Evidence(), ElementsAre("started", "stopped"));
  manager_->Observe();
  EXPECT_TRUE(host_.running.empty());
  EXPECT_EQ(manager_->Ensure(Request(b_, 1, 1)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(manager_->RunningSpec(a_).status().code() == absl::StatusCode::kNotFound);
  manager_->Unfence();
  manager_->Observe();
  EXPECT_TRUE(host_.running.contains(a_));
  EXPECT_TRUE(manager_->Remove(a_).ok());
}

TEST_F(ManagerTest, FencingWaitsForNobody) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  ASSERT_TRUE(manager_->Ensure(Request(b_, 1, 1)).ok());
  host_.on_removal = [&] {
    manager_->Fence();
    EXPECT_TRUE(host_.running.empty());
  };
  EXPECT_TRUE(manager_->Remove(a_).ok());
  manager_->Unfence();
  host_.on_start = [&] { manager_->Fence(); };
  manager_->Observe();
  EXPECT_TRUE(host_.running.empty());  // what was being started, too
  EXPECT_THAT(Evidence(), ElementsAre("started", "started", "stopped", "stopped"));
}

// What happens while Reconcile looks after others counts, not what it had seen before.
TEST_F(ManagerTest, ARemovalThatFailedIsNotStartedAgain) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  ASSERT_TRUE(manager_->Ensure(Request(b_, 1, 1)).ok());
  host_.running.clear();
  Restart();
  host_.on_start = [&] {
    host_.fail_next_removal = true;
    EXPECT_FALSE(manager_->Remove(b_).ok());
    host_.on_start = [&] { FAIL() << "it was removed"; };
  };
  manager_->Reconcile();
  EXPECT_THAT(host_.running, ElementsAre(a_));
  EXPECT_FALSE(host_.existing.contains(b_));
}

TEST_F(ManagerTest, ARemovalThatFailedIsTriedAgain) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  host_.fail_next_removal = true;
  EXPECT_FALSE(manager_->Remove(a_).ok());
  manager_->Observe();
  EXPECT_TRUE(host_.existing.empty());
  EXPECT_TRUE(manager_->Ensure(Request(b_, 0, 1)).ok());  // its GPU is free
}

TEST_F(ManagerTest, AFullDiskKeepsNothingAlive) {
  ASSERT_TRUE(manager_->Ensure(Request(a_, 0, 1)).ok());
  {
    const NoSpace no_space(0);
    EXPECT_FALSE(manager_->Remove(a_).ok());  // it cannot be noted
    EXPECT_TRUE(host_.running.empty());
    EXPECT_TRUE(host_.existing.empty());
    manager_->Observe();
    EXPECT_TRUE(host_.running.empty());
    Restart();  // the journal is read all the same
  }
  ASSERT_TRUE(manager_->Remove(a_).ok());
  Restart();
  EXPECT_EQ(manager_->Ensure(Request(a_, 0, 1)).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ManagerTest, KeysOfAnUnknownAllocationAreNotFound) {
  EXPECT_EQ(manager_->SetKeys(a_, "app", {}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(manager_->SetKeys(a_, "", {}).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gpuaas::node
