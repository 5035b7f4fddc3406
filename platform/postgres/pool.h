#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "platform/postgres/connection.h"
#include "platform/postgres/database.h"

namespace gpuaas::platform {

// Hands out connections, at most DatabaseOptions::max_connections at a time. Thread-safe.
class Database::Pool {
 public:
  explicit Pool(DatabaseOptions options) : options_(std::move(options)) {}

  // A connection for one transaction; goes back when it is destroyed, or is closed if it broke.
  class Lease {
   public:
    Lease(Pool* pool, std::unique_ptr<Connection> connection) : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->Return(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // kUnavailable if none became free in time, kDatabaseUnavailable if a new one can't be opened.
  absl::StatusOr<Lease> Acquire();

  const DatabaseOptions& options() const { return options_; }
  PoolStats Stats() const;

 private:
  void Return(std::unique_ptr<Connection> connection);

  const DatabaseOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int open_ = 0;  // idle, in use, or being opened
  int waiting_ = 0;
};

}  // namespace gpuaas::platform
