#include "node/journal/evidence.h"

#include <gmock/gmock.h>

#include "tests/unit/node/temp_folder.h"

namespace gpuaas::node {
namespace {

Moment At(std::chrono::hours hours) { return {"boot", hours, Time(std::chrono::hours(24 * 365 * 56) + hours)}; }

TEST(Evidence, IsNumberedWithoutGapsAlsoOverARestart) {
  TempFolder folder;
  const auto now = [] { return At(std::chrono::hours(1)); };
  {
    auto journal = *EvidenceJournal::Open(folder.path() + "/evidence.log", now);
    EXPECT_EQ(journal->head(), 0u);
    ASSERT_TRUE(journal->Add("alloc_a", EvidenceKind::kStarted, {"GPU-1", "GPU-2"}, now()).ok());
    ASSERT_TRUE(journal->Add("alloc_a", EvidenceKind::kRunning, {"GPU-1", "GPU-2"}, now()).ok());
  }
  auto journal = *EvidenceJournal::Open(folder.path() + "/evidence.log", now);
  ASSERT_TRUE(journal->Add("alloc_a", EvidenceKind::kStopped, {"GPU-1", "GPU-2"}, now()).ok());
  EXPECT_EQ(journal->head(), 3u);
  const auto all = journal->After(0, 10);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].sequence, 1u);
  EXPECT_EQ(NameOf(all[0].kind), "started");
  EXPECT_EQ(all[0].gpu_uuids, (std::vector<std::string>{"GPU-1", "GPU-2"}));
  EXPECT_EQ(all[2].wall, now().wall);
  EXPECT_EQ(all[2].monotonic, now().monotonic);
  EXPECT_EQ(all[2].boot_id, "boot");
}

TEST(Evidence, IsReadInPages) {
  TempFolder folder;
  auto journal = *EvidenceJournal::Open(folder.path() + "/evidence.log", [] { return At(std::chrono::hours(1)); });
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(journal->Add("alloc_a", EvidenceKind::kRunning, {}, At(std::chrono::hours(1))).ok());
  }
  EXPECT_EQ(journal->After(2, 2).front().sequence, 3u);
  EXPECT_EQ(journal->After(2, 2).size(), 2u);
  EXPECT_TRUE(journal->After(5, 10).empty());
  EXPECT_TRUE(journal->After(99, 10).empty());
}

TEST(Evidence, OldEntriesGoButTheNumbersGoOn) {
  TempFolder folder;
  const std::string file = folder.path() + "/evidence.log";
  auto journal = *EvidenceJournal::Open(file, [] { return At(std::chrono::hours(0)); });
  ASSERT_TRUE(journal->Add("alloc_a", EvidenceKind::kStarted, {}, At(std::chrono::hours(0))).ok());
  ASSERT_TRUE(journal->Add("alloc_a", EvidenceKind::kStopped, {}, At(std::chrono::hours(14 * 24))).ok());
  EXPECT_EQ(journal->After(0, 10).size(), 2u);
  ASSERT_TRUE(journal->Add("alloc_b", EvidenceKind::kStarted, {}, At(std::chrono::hours(16 * 24))).ok());
  EXPECT_EQ(journal->After(0, 10).size(), 2u);
  journal.reset();
  journal = *EvidenceJournal::Open(file, [] { return At(std::chrono::hours(400 * 24)); });
  ASSERT_EQ(journal->After(0, 10).size(), 1u);
  EXPECT_EQ(journal->After(0, 10).front().sequence, 3u);
}

}  // namespace
}  // namespace gpuaas::node
