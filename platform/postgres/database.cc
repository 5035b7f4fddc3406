#include "platform/postgres/database.h"

#include <random>
#include <thread>
#include <utility>

#include "platform/log/log.h"
#include "platform/postgres/pool.h"

namespace gpuaas::platform {
namespace {

class PgTransaction final : public Transaction {
 public:
  explicit PgTransaction(Connection& connection) : connection_(connection), work_(connection.raw()) {}

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

  bool committing() const { return committing_; }

 private:
  absl::Status Failed(std::string_view sql) {
    absl::Status status = CurrentExceptionToStatus(sql);
    if (!connection_.raw().is_open()) {
      connection_.MarkBroken();
      if (ErrorCodeOf(status) != ErrorCode::kDatabaseUnavailable) {
        return MakeError(ErrorCode::kDatabaseUnavailable, "the database connection was lost");
      }
    }
    return status;
  }

  Connection& connection_;
  pqxx::work work_;
  bool committing_ = false;
};

// One run of the transaction. `again` tells whether it had no effect and may run once more.
absl::Status RunOnce(Connection& connection, const Scope& scope, absl::FunctionRef<absl::Status(Transaction&)> body,
                     bool& again) {
  try {
    PgTransaction transaction(connection);
    absl::Status status = transaction.SetScope(scope);
    if (status.ok()) status = body(transaction);
    if (status.ok()) status = transaction.Commit();
    again = IsSerializationFailure(status) || (connection.broken() && !transaction.committing());
    return status;
  } catch (...) {  // a getter of Row, or the body's own
    return CurrentExceptionToStatus("transaction body");
  }
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
