#include "cli/core/pending.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/core/error.h"
#include "cli/core/home.h"
#include "fake_world.h"

namespace gpuaas::cli {
namespace {

class PendingTest : public ::testing::Test {
 protected:
  static PendingRequest Request(const std::string& key, const std::string& created_at = "2025-01-02T03:04:05Z") {
    return {key,           "POST",     "/api/v1/allocations", R"({"gpus":1})", kUrl, "acme",
            "ml-research", "dev-user", "allocations create",  created_at};
  }

  const TemporaryFolder folder_;
  const PendingStore store_{folder_.path() / "pending"};
};

TEST_F(PendingTest, StoredWhileSentAndGoneOnceSettled) {
  PendingStore::Entry entry = store_.Begin(Request("my-run-001"));
  EXPECT_FALSE(entry.maybe_sent_before());
  const auto listed = store_.Find("my-run-001");
  ASSERT_TRUE(listed);
  EXPECT_TRUE(listed->running);
  EXPECT_EQ(listed->request.pid, getpid());
  EXPECT_EQ(listed->request.body, R"({"gpus":1})");
  struct stat info{};
  ASSERT_EQ(stat((folder_.path() / "pending" / "my-run-001.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_FALSE(store_.Forget("my-run-001"));  // it is being sent
  entry.Settle();
  EXPECT_FALSE(store_.Find("my-run-001"));
}

TEST_F(PendingTest, LeftByAProcessThatDied) {
  const pid_t child = fork();
  if (child == 0) {
    const auto entry = store_.Begin(Request("k"));
    _exit(0);  // as a crash: nothing is unwound
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  const auto listed = store_.Find("k");
  ASSERT_TRUE(listed);
  EXPECT_FALSE(listed->running);
  EXPECT_EQ(listed->request.pid, child);

  // A resume takes it over and keeps the time of the first sending.
  PendingStore::Entry entry = store_.Begin(Request("k", "2025-01-02T09:00:00Z"));
  EXPECT_TRUE(entry.maybe_sent_before());
  EXPECT_TRUE(store_.Find("k")->running);
  EXPECT_EQ(store_.Find("k")->request.created_at, "2025-01-02T03:04:05Z");
  entry.Settle();
  EXPECT_TRUE(store_.List().empty());
}

TEST_F(PendingTest, SameKeyInTwoProcessesBelongsToTheFirst) {
  PendingStore::Entry first = store_.Begin(Request("k"));
  PendingStore::Entry second = store_.Begin(Request("k"));
  EXPECT_TRUE(second.maybe_sent_before());
  second.Settle();
  EXPECT_TRUE(store_.Find("k"));
  first.Settle();
  EXPECT_FALSE(store_.Find("k"));
}

TEST_F(PendingTest, UnsettledEntryStaysAndCanBeForgotten) {
  {
    const auto entry = store_.Begin(Request("k"));
  }
  EXPECT_FALSE(store_.Find("k")->running);
  EXPECT_TRUE(store_.Forget("k"));
  EXPECT_FALSE(store_.Forget("k"));
}

TEST_F(PendingTest, ALeftoverIsNotReplacedByAnotherRequest) {
  {
    const auto entry = store_.Begin(Request("k"));
  }
  PendingRequest other = Request("k");
  other.body = R"({"gpus":2})";
  try {
    store_.Begin(other);
    ADD_FAILURE() << "taken";
  } catch (const CliError& error) {
    EXPECT_EQ(error.code, "idempotency_key_reused");
  }
  EXPECT_EQ(store_.Find("k")->request.body, R"({"gpus":1})");
  EXPECT_FALSE(store_.Find("k")->running);
}

TEST_F(PendingTest, OldestFirstAndForeignFilesIgnored) {
  {
    const auto entry = store_.Begin(Request("b", "2025-01-02T00:00:00Z"));
  }
  {
    const auto entry = store_.Begin(Request("a", "2025-01-03T00:00:00Z"));
  }
  WriteFileAtomically(folder_.path() / "pending" / "junk.json", "not json");
  WriteFileAtomically(folder_.path() / "pending" / "notes.txt", "x");
  const auto all = store_.List();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].request.key, "b");
}

TEST_F(PendingTest, AnyVisibleKeyFitsAFileName) {
  for (const std::string& key :
       {std::string("../../etc/passwd"), std::string("a/b"), std::string(128, '/'), std::string(".")}) {
    PendingStore::Entry entry = store_.Begin(Request(key));
    EXPECT_EQ(store_.Find(key)->request.key, key);
    entry.Settle();
    EXPECT_FALSE(store_.Find(key));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "etc"));
  for (const std::string& key : {std::string(), std::string("a b"), std::string(129, 'x'), std::string("\xC3\xA9")}) {
    try {
      store_.Begin(Request(key));
      ADD_FAILURE() << key;
    } catch (const CliError& error) {
      EXPECT_EQ(error.code, "idempotency_key_invalid");
    }
  }
}

TEST_F(PendingTest, Retention) {
  const auto now = *ParseTime("2025-01-03T03:04:05Z");
  EXPECT_TRUE(IsPastRetention(Request("k"), now));
  EXPECT_FALSE(IsPastRetention(Request("k"), now - std::chrono::seconds(1)));
  EXPECT_TRUE(IsPastRetention(Request("k", "damaged"), now));
}

}  // namespace
}  // namespace gpuaas::cli
