#include "platform/postgres/pool.h"

namespace gpuaas::platform {

absl::StatusOr<Database::Pool::Lease> Database::Pool::Acquire() {
  {
    std::unique_lock lock(mutex_);
    ++waiting_;
    const bool available = freed_.wait_for(lock, options_.acquire_timeout,
                                           [&] { return !idle_.empty() || open_ < options_.max_connections; });
    --waiting_;
    if (!available) return MakeError(ErrorCode::kUnavailable, "all database connections are in use");
    if (!idle_.empty()) {
      Lease lease(this, std::move(idle_.back()));
      idle_.pop_back();
      return lease;
    }
    ++open_;
  }
  try {
    return Lease(this, std::make_unique<Connection>(options_));
  } catch (...) {
    absl::Status status = CurrentExceptionToStatus("connect");
    std::lock_guard lock(mutex_);
    --open_;
    freed_.notify_one();
    return status;
  }
}

void Database::Pool::Return(std::unique_ptr<Connection> connection) {
  std::vector<std::unique_ptr<Connection>> closing;  // closed outside the lock
  std::lock_guard lock(mutex_);
  if (connection->broken()) {
    // Its siblings most likely broke with it (a restart); new ones are cheap.
    open_ -= 1 + static_cast<int>(idle_.size());
    closing.swap(idle_);
    closing.push_back(std::move(connection));
    freed_.notify_all();
  } else {
    idle_.push_back(std::move(connection));
    freed_.notify_one();
  }
}

PoolStats Database::Pool::Stats() const {
  std::lock_guard lock(mutex_);
  return {.open = open_, .in_use = open_ - static_cast<int>(idle_.size()), .waiting = waiting_};
}

}  // namespace gpuaas::platform
