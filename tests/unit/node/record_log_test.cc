#include "node/journal/record_log.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "node/command/command.h"
#include "tests/unit/node/no_space.h"
#include "tests/unit/node/temp_folder.h"

namespace gpuaas::node {
namespace {

using ::testing::ElementsAre;

class RecordLogTest : public ::testing::Test {
 protected:
  std::vector<std::string> Replay() {
    std::vector<std::string> records;
    log_ = *RecordLog::Open(file_, [&](std::string_view record) { records.emplace_back(record); });
    return records;
  }

  TempFolder folder_;
  const std::string file_ = folder_.path() + "/log";
  std::unique_ptr<RecordLog> log_;
};

TEST_F(RecordLogTest, KeepsRecordsInOrder) {
  EXPECT_THAT(Replay(), ElementsAre());
  ASSERT_TRUE(log_->Append("one").ok());
  ASSERT_TRUE(log_->Append("two").ok());
  EXPECT_THAT(Replay(), ElementsAre("one", "two"));
}

// Whatever the moment of a crash, what had been appended before is there and what comes after is not lost.
TEST_F(RecordLogTest, ATornTailIsCutOffAtEveryByte) {
  Replay();
  ASSERT_TRUE(log_->Append("first").ok());
  const std::size_t whole = std::filesystem::file_size(file_);
  ASSERT_TRUE(log_->Append("second").ok());
  const std::string content = *ReadFile(file_);
  for (std::size_t length = whole; length < content.size(); ++length) {
    log_.reset();
    std::ofstream(file_, std::ios::trunc | std::ios::binary) << content.substr(0, length);
    EXPECT_THAT(Replay(), ElementsAre("first")) << length;
    ASSERT_TRUE(log_->Append("third").ok());
    EXPECT_THAT(Replay(), ElementsAre("first", "third")) << length;
  }
}

TEST_F(RecordLogTest, ADamagedRecordEndsTheLog) {
  Replay();
  ASSERT_TRUE(log_->Append("first").ok());
  ASSERT_TRUE(log_->Append("second").ok());
  std::string content = *ReadFile(file_);
  content[content.size() - 3] ^= 1;
  std::ofstream(file_, std::ios::trunc | std::ios::binary) << content;
  EXPECT_THAT(Replay(), ElementsAre("first"));
}

// No crash does that: what follows must not be forgotten in silence.
TEST_F(RecordLogTest, ADamagedRecordBeforeWholeOnesIsAnError) {
  Replay();
  for (const char* record : {"first", "second", "third"}) ASSERT_TRUE(log_->Append(record).ok());
  std::string content = *ReadFile(file_);
  content[content.find("second")] ^= 1;
  std::ofstream(file_, std::ios::trunc | std::ios::binary) << content;
  const auto opened = RecordLog::Open(file_, [](std::string_view) {});
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(std::string(opened.status().message()), ::testing::HasSubstr("line 2"));
  EXPECT_EQ(*ReadFile(file_), content);
}

TEST_F(RecordLogTest, GoesOnAfterAFailure) {
  Replay();
  ASSERT_TRUE(log_->Append("first").ok());
  {
    const NoSpace no_space(std::filesystem::file_size(file_) + 5);
    EXPECT_FALSE(log_->Append("second").ok());
    EXPECT_FALSE(log_->Append("second").ok());
  }
  ASSERT_TRUE(log_->Append("third").ok());
  EXPECT_THAT(Replay(), ElementsAre("first", "third"));
}

TEST_F(RecordLogTest, KeepsSpaceForWhatComes) {
  Replay();
  ASSERT_TRUE(log_->Append("first").ok());
  struct stat info{};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  if (info.st_blocks * 512 < 100'000) GTEST_SKIP() << "this file system keeps none";
  ASSERT_TRUE(log_->Rewrite({"new"}).ok());
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_GT(info.st_blocks * 512, 100'000);
  EXPECT_THAT(Replay(), ElementsAre("new"));
}

TEST_F(RecordLogTest, RewriteReplacesAll) {
  Replay();
  ASSERT_TRUE(log_->Append("old").ok());
  ASSERT_TRUE(log_->Rewrite({"new", "newer"}).ok());
  ASSERT_TRUE(log_->Append("newest").ok());
  EXPECT_THAT(Replay(), ElementsAre("new", "newer", "newest"));
}

TEST_F(RecordLogTest, AFolderThatIsMissingIsAnError) {
  EXPECT_FALSE(RecordLog::Open(folder_.path() + "/no/log", [](std::string_view) {}).ok());
}

}  // namespace
}  // namespace gpuaas::node
