#include "node/journal/record_log.h"

#include <gmock/gmock.h>

#include <fstream>

#include "node/command/command.h"
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
