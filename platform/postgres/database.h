#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/functional/function_ref.h"
#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::platform {

struct DatabaseOptions {
  std::string url;                                    // libpq URI; may hold a password: never log it
  std::string application_name = "gpuaas";            // shown in pg_stat_activity
  int max_connections = 8;                            // opened when needed
  std::chrono::milliseconds acquire_timeout{2000};    // wait for a free connection
  std::chrono::milliseconds connect_timeout{3000};    // whole seconds count
  std::chrono::milliseconds statement_timeout{5000};  // each statement; 0: none
  std::chrono::milliseconds lock_timeout{3000};       // wait for a row or table lock; 0: none
  std::chrono::milliseconds idle_in_transaction_timeout{60000};
  int max_attempts = 4;  // of a transaction that fails to serialize or deadlocks

  DatabaseOptions() = default;
  explicit DatabaseOptions(std::string database_url) : url(std::move(database_url)) {}
};

// Which rows a transaction sees (row-level security; a transaction without a scope sees none).
struct TenantScope {
  TenantId tenant;
};
struct SystemScope {};  // all tenants': worker, login, platform administrators
using Scope = std::variant<TenantScope, SystemScope>;

struct PoolStats {
  int open = 0;  // connections that exist
  int in_use = 0;
  int waiting = 0;  // callers waiting for one
};

// A bounded pool of connections to one database. Thread-safe. No exception leaves it.
class Database {
 public:
  // Connects at first use.
  explicit Database(DatabaseOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs `body` in one READ COMMITTED transaction: commits if it returns OK, else rolls back and returns its status.
  // `body` runs again from the start after a serialization failure or deadlock (bounded, with growing pauses), so it
  // must have no effect outside the transaction. Not reentrant: a body must not begin another transaction on this
  // Database. Errors of its own: kDatabaseUnavailable (no connection, connection lost, shutting down; when it is lost
  // during the commit the message says that the outcome is unknown), kUnavailable (pool exhausted, no serialization in
  // all attempts), kDeadlineExceeded (statement or lock timeout), kConflict (unique violation), kInvalidArgument (a
  // value that the database refuses), kInternal (anything else; the log has the cause).
  absl::Status Transact(const Scope& scope, absl::FunctionRef<absl::Status(Transaction&)> body);

  // The same for a body that returns absl::StatusOr<T>; gives its value after the commit.
  //   db.TransactFor<Allocation>(scope, [&](Transaction& tx) { return stores::GetAllocation(tx, id); })
  template <typename T>
  absl::StatusOr<T> TransactFor(const Scope& scope, absl::FunctionRef<absl::StatusOr<T>(Transaction&)> body) {
    std::optional<T> value;
    absl::Status status = Transact(scope, [&](Transaction& tx) {
      absl::StatusOr<T> result = body(tx);
      if (!result.ok()) return std::move(result).status();
      value = *std::move(result);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return *std::move(value);
  }

  // Whether the database answers, for readiness. kDatabaseUnavailable, kUnavailable.
  absl::Status Ping();

  PoolStats Stats() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace gpuaas::platform
