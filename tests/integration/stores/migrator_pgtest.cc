#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "platform/clock/clock.h"
#include "platform/postgres/migrator.h"
#include "tests/integration/stores/fixture.h"

namespace gpuaas::tests {
namespace {

namespace fs = std::filesystem;
using platform::MigratorOptions;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MigratorTest : public testing::Test {
 protected:
  MigratorTest() : database_(TestDatabase::Schema::kEmpty) {
    directory_ = fs::path(testing::TempDir()) / NewUlidText(platform::SystemClock().Now());
    fs::create_directories(directory_);
    Write("0001_one", "CREATE TABLE one (a integer);", "DROP TABLE one;");
    Write("0002_two", "CREATE TABLE two (a integer); INSERT INTO two VALUES (1);", "DROP TABLE two;");
  }
  ~MigratorTest() override { fs::remove_all(directory_); }

  void Write(const std::string& name, const std::string& up, const std::string& down) {
    std::ofstream(directory_ / (name + ".up.sql")) << up;
    std::ofstream(directory_ / (name + ".down.sql")) << down;
  }
  MigratorOptions Options() const { return {database_.owner_url(), directory_.string()}; }
  absl::StatusOr<std::vector<int>> Up(int target = 0) {
    return platform::MigrateUp(Options(), platform::SystemClock().Now(), target);
  }

  TestDatabase database_;
  fs::path directory_;
};

TEST_F(MigratorTest, GoesUpAndDownAndIsSafeToRepeat) {
  EXPECT_THAT(*Up(1), ElementsAre(1));
  EXPECT_THAT(*Up(), ElementsAre(2));
  EXPECT_THAT(*Up(), IsEmpty());
  EXPECT_THAT(*platform::MigrateDown(Options(), 1), ElementsAre(2));
  const auto status = *platform::GetMigrationStatus(Options());
  ASSERT_EQ(status.size(), 2U);
  EXPECT_TRUE(status[0].applied_at.has_value());
  EXPECT_FALSE(status[1].applied_at.has_value());
  EXPECT_THAT(*Up(), ElementsAre(2));
  EXPECT_THAT(*platform::MigrateDown(Options(), 5), ElementsAre(2, 1));
}

TEST_F(MigratorTest, SeveralAtOnceApplyEachMigrationOnce) {
  std::vector<absl::StatusOr<std::vector<int>>> results(4, absl::UnknownError("not run"));
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = Up(); });
  for (auto& thread : threads) thread.join();
  std::size_t applied = 0;
  for (const auto& result : results) {
    ASSERT_TRUE(result.ok()) << result.status();
    applied += result->size();
  }
  EXPECT_EQ(applied, 2U);
}

TEST_F(MigratorTest, RefusesToGoOnAfterAnEdit) {
  ASSERT_TRUE(Up(1).ok());
  Write("0001_one", "CREATE TABLE one (b integer);", "DROP TABLE one;");
  const auto result = Up();
  EXPECT_THAT(result, FailsWith(ErrorCode::kInvalidState));
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("was edited"));
  EXPECT_TRUE((*platform::GetMigrationStatus(Options()))[0].edited);
}

TEST_F(MigratorTest, AFailingFileLeavesNothingOfItself) {
  Write("0003_three", "CREATE TABLE three (a integer); SELECT nonsense;", "DROP TABLE three;");
  const auto result = Up();
  EXPECT_THAT(result, FailsWith(ErrorCode::kInternal));
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("0003_three.up.sql"));
  Write("0003_three", "CREATE TABLE three (a integer);", "DROP TABLE three;");
  EXPECT_THAT(*Up(), ElementsAre(3));
}

TEST_F(MigratorTest, RefusesGapsAndMissingDownFiles) {
  Write("0004_four", "SELECT 1;", "SELECT 1;");
  EXPECT_THAT(Up(), FailsWith(ErrorCode::kInvalidArgument));
  fs::remove(directory_ / "0004_four.up.sql");
  fs::remove(directory_ / "0004_four.down.sql");
  fs::remove(directory_ / "0002_two.down.sql");
  EXPECT_THAT(Up(), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(MigratorTest, MakesTheNextPairOfFiles) {
  const auto made = platform::NewMigration(Options(), "quotas");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(*made, testing::EndsWith("0003_quotas.up.sql"));
  EXPECT_TRUE(fs::exists(directory_ / "0003_quotas.down.sql"));
  EXPECT_THAT(platform::NewMigration(Options(), "../quotas"), FailsWith(ErrorCode::kInvalidArgument));
}

TEST_F(MigratorTest, TheRepositorysOwnGoDownToNothingAndUpAgain) {
  const MigratorOptions own{database_.owner_url(), TestDatabase::MigrationsDirectory()};
  const auto first = platform::MigrateUp(own, platform::SystemClock().Now());
  ASSERT_TRUE(first.ok()) << first.status();
  const auto down = platform::MigrateDown(own, 1000);
  ASSERT_TRUE(down.ok()) << down.status();
  EXPECT_EQ(down->size(), first->size());
  const auto again = platform::MigrateUp(own, platform::SystemClock().Now());
  ASSERT_TRUE(again.ok()) << again.status();
}

}  // namespace
}  // namespace gpuaas::tests
