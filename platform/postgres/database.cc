#include "platform/postgres/database.h"

#include <random>
#include <thread>
#include <utility>

#include "platform/log/log.h"
#include "platform/postgres/pool.h"

namespace gpuaas::platform {
namespace {

// The status of the exception being handled; a connection that is lost is marked so.
absl::Status CurrentFailure(Connection& connection, std::string_view sql) {
  absl::Status status = CurrentExceptionToStatus(sql);
  if (ErrorCodeOf(status) == ErrorCode::kDatabaseUnavailable) {
    connection.MarkBroken();
  } else if (!connection.raw().is_open()) {
    connection.MarkBroken();
    status = MakeError(ErrorCode::kDatabaseUnavailable, "the database connection was lost");
  }
  return status;
}

class PgTransaction final : public Transaction {
 public:
  PgTransaction(Connection& connection, bool& committing)
      : connection_(connection), committing_(committing), work_(connection.raw()) {}

  using Transaction::Query;
  absl::StatusOr<Rows> Query(std::string_view sql, std::span<const Param> params) override {
    try {
      std::vector<const char*> texts;
      texts.reserve(params.size());
      for (const Param& param : params) texts.push_back(param.c_str());
      auto result = std::make_shared<const pqxx::result>(
          work_.exec_prepared(connection_.Prepare(sql), pqxx::prepare::make_dynamic_params(texts)));
      const auto size = static_cast<std::size_t>(result->size());
      const auto affected = static_cast<std::size_t>(result->affected_rows());
      return Rows(std::move(result), size, affected);
    } catch (...) {
      return Failed(sql);
    }
  }

  absl::Status SetScope(const Scope& scope) {
    const auto* tenant = std::get_if<TenantScope>(&scope);
    return Query("SELECT set_config('app.tenant_id', $1, true), set_config('app.scope', $2, true)",
                 {tenant != nullptr ? tenant->tenant.str() : std::string(), tenant != nullptr ? "tenant" : "system"})
        .status();
  }

  absl::Status Commit() {
    if (absl::Status status = RunAtCommit(); !status.ok()) return status;
    try {
      committing_ = true;
      work_.commit();
      return absl::OkStatus();
    } catch (...) {
      return Failed("COMMIT");
    }
  }

 private:
  absl::Status Failed(std::string_view sql) { return CurrentFailure(connection_, sql); }

  Connection& connection_;
  bool& committing_;  // whether the commit was sent
  pqxx::work work_;
};

// One run of the transaction. `again` tells whether it had no effect and may run once more.
absl::Status RunOnce(Connection& connection, const Scope& scope, absl::FunctionRef<absl::Status(Transaction&)> body,
                     bool& again) {
  bool committing = false;
  absl::Status status;
  try {
    PgTransaction transaction(connection, committing);
    status = transaction.SetScope(scope);
    if (status.ok()) status = body(transaction);
    if (status.ok()) status = transaction.Commit();
  } catch (...) {  // a getter of Row, the body's own, or a connection that was dead from the start
    status = CurrentFailure(connection, "transaction");
  }
  again = IsSerializationFailure(status) || (connection.broken() && !committing);
  return status;
}

void PauseBeforeAttempt(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  std::this_thread::sleep_for(std::chrono::milliseconds(random() % (10U << attempt)));
}

}  // namespace

Database::Database(DatabaseOptions options) : pool_(std::make_unique<Pool>(std::move(options))) {}
Database::~Database() = default;

absl::Status Database::Transact(const Scope& scope, absl::FunctionRef<absl::Status(Transaction&)> body) {
  for (int attempt = 1;; ++attempt) {
    bool again = false;
    absl::Status status;
    {
      absl::StatusOr<Pool::Lease> lease = pool_->Acquire();
      if (!lease.ok()) return lease.status();
      status = RunOnce(**lease, scope, body, again);
    }
    if (!again || attempt >= pool_->options().max_attempts) return status;
    PauseBeforeAttempt(attempt);
  }
}

absl::Status Database::Ping() {
  return Transact(SystemScope{}, [](Transaction& tx) { return tx.Query("SELECT 1").status(); });
}

PoolStats Database::Stats() const { return pool_->Stats(); }

}  // namespace gpuaas::platform
