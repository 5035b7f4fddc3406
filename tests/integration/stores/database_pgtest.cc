#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "platform/postgres/database.h"
#include "stores/iam/users.h"
#include "tests/integration/stores/fixture.h"

namespace gpuaas::tests {
namespace {

using platform::Database;
using platform::DatabaseOptions;
using platform::SystemScope;
using platform::Transaction;

class DatabaseTest : public StoresTest {
 protected:
  absl::Status Query(std::string_view sql) {
    return System([&](Transaction& tx) { return tx.Query(sql).status(); });
  }
};

TEST_F(DatabaseTest, ValuesSurviveTheRoundTrip) {
  const std::vector<std::string> texts = {"plain", "with \"quotes\", commas", "back\\slash", "{braces}", "", "NULL"};
  const Time time = *ParseTime("2026-03-01T23:59:59.000001Z");
  const absl::Status status = System([&](Transaction& tx) -> absl::Status {
    const auto rows =
        Must(tx.Query("SELECT $1::text[] AS texts, $2::timestamptz AS time, $3::bigint AS number, "
                      "$4::boolean AS yes, $5::text AS nothing, $6::text AS empty",
                      {texts, time, std::int64_t{-5}, true, std::nullopt, ""}));
    const platform::Row row = rows[0];
    EXPECT_EQ(row.TextArray("texts"), texts);
    EXPECT_EQ(row.Timestamp("time"), time);
    EXPECT_EQ(row.Int("number"), -5);
    EXPECT_TRUE(row.Bool("yes"));
    EXPECT_TRUE(row.IsNull("nothing"));
    EXPECT_FALSE(row.OptionalText("nothing").has_value());
    EXPECT_EQ(row.Text("empty"), "");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(DatabaseTest, FailuresHaveCodesAndShowNoSql) {
  EXPECT_THAT(Query("SELECT 1/0"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Query("SELECT nonsense"), IsError(ErrorCode::kInternal));
  EXPECT_EQ(std::string(Query("SELECT nonsense").message()).find("nonsense"), std::string::npos);
  const absl::Status missing = System([&](Transaction& tx) -> absl::Status {
    const auto rows = Must(tx.Query("SELECT 1 AS one"));
    rows[0].Text("two");
    return absl::OkStatus();
  });
  EXPECT_THAT(missing, IsError(ErrorCode::kInternal));
  const absl::Status unique = System([&](Transaction& tx) {
    return tx.Query("INSERT INTO tenants VALUES ($1, 'acme', $2)", {TenantId::New(now()), now()}).status();
  });
  EXPECT_THAT(unique, IsError(ErrorCode::kConflict));
}

TEST_F(DatabaseTest, StatementsAreCutOffAndThePoolIsBounded) {
  DatabaseOptions options(database_.app_url());
  options.max_connections = 1;
  options.acquire_timeout = std::chrono::milliseconds(50);
  options.statement_timeout = std::chrono::milliseconds(50);
  Database small(options);
  const absl::Status slow =
      small.Transact(SystemScope{}, [](Transaction& tx) { return tx.Query("SELECT pg_sleep(10)").status(); });
  EXPECT_THAT(slow, IsError(ErrorCode::kDeadlineExceeded));
  const absl::Status held = small.Transact(SystemScope{}, [&](Transaction& tx) {
    absl::Status inner;
    std::thread other([&] { inner = small.Ping(); });
    other.join();
    EXPECT_EQ(small.Stats().in_use, 1);
    return inner;
  });
  EXPECT_THAT(held, IsError(ErrorCode::kUnavailable));
  EXPECT_TRUE(small.Ping().ok());
}

TEST_F(DatabaseTest, KilledConnectionsAreReplacedAndKeepTheirTimeouts) {
  ASSERT_TRUE(db().Ping().ok());
  Database other((DatabaseOptions(database_.app_url())));
  ASSERT_TRUE(other
                  .Transact(SystemScope{},
                            [](Transaction& tx) {
                              return tx
                                  .Query(
                                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                                      "current_database() AND usename = current_user AND pid <> pg_backend_pid()")
                                  .status();
                            })
                  .ok());
  std::string timeout;
  const absl::Status status = System([&](Transaction& tx) -> absl::Status {
    timeout = Must(tx.Query("SELECT current_setting('statement_timeout') AS t"))[0].Text("t");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(timeout, "5s");
}

TEST_F(DatabaseTest, AnUnreachableServerHasItsOwnCode) {
  Database nowhere(DatabaseOptions("postgresql://nobody@127.0.0.1:1/none"));
  EXPECT_THAT(nowhere.Ping(), IsError(ErrorCode::kDatabaseUnavailable));
}

TEST_F(DatabaseTest, DeadlocksAreTriedAgain) {
  std::atomic<int> runs = 0;
  std::atomic<int> first_locks = 0;
  const auto lock_two = [&](const std::string& a, const std::string& b) {
    return System([&](Transaction& tx) -> absl::Status {
      ++runs;
      if (auto locked = tx.Query("UPDATE tenants SET name = name WHERE name = $1", {a}); !locked.ok()) {
        return locked.status();
      }
      ++first_locks;
      while (first_locks < 2) std::this_thread::yield();  // both hold their first lock before either wants the second
      return tx.Query("UPDATE tenants SET name = name WHERE name = $1", {b}).status();
    });
  };
  absl::Status one;
  absl::Status two;
  std::thread first([&] { one = lock_two("acme", "globex"); });
  std::thread second([&] { two = lock_two("globex", "acme"); });
  first.join();
  second.join();
  EXPECT_TRUE(one.ok()) << one;
  EXPECT_TRUE(two.ok()) << two;
  EXPECT_GE(runs, 3);
}

TEST_F(DatabaseTest, WithoutAScopeNothingIsSeen) {
  const auto count = [&](const platform::Scope& scope, std::string_view sql) {
    return Must(db().TransactFor<std::int64_t>(
        scope, [&](Transaction& tx) -> absl::StatusOr<std::int64_t> { return Must(tx.Query(sql))[0].Int("n"); }));
  };
  NewAllocation(1);
  const platform::TenantScope acme{acme_.tenant};
  const platform::TenantScope globex{globex_.tenant};
  for (const std::string_view sql : {"SELECT count(*) AS n FROM allocations", "SELECT count(*) AS n FROM operations",
                                     "SELECT count(*) AS n FROM tenant_log"}) {
    EXPECT_EQ(count(acme, sql), 1) << sql;
    EXPECT_EQ(count(globex, sql), 0) << sql;
    EXPECT_EQ(count(platform::TenantScope{TenantId("")}, sql), 0) << sql;
  }
  EXPECT_EQ(count(acme, "SELECT count(*) AS n FROM tenants"), 1);
  const absl::Status foreign = db().Transact(
      globex, [&](Transaction& tx) { return stores::EnsureProject(tx, acme_.tenant, "intruder", now()).status(); });
  EXPECT_FALSE(foreign.ok()) << "nor written";
}

TEST_F(DatabaseTest, EveryTableIsUnderRowLevelSecurity) {
  const auto bare = InSystem<std::int64_t>([](Transaction& tx) -> absl::StatusOr<std::int64_t> {
    return Must(
               tx.Query("SELECT count(*) AS n FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = "
                        "'r' AND relname <> 'schema_migrations' AND NOT (relrowsecurity AND relforcerowsecurity)"))[0]
        .Int("n");
  });
  EXPECT_EQ(bare, 0);
}

}  // namespace
}  // namespace gpuaas::tests
