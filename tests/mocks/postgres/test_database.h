#pragma once

#include <memory>
#include <string>

#include "platform/postgres/database.h"

namespace gpuaas::tests {

// A database of its own on the server that GPUAAS_TEST_DATABASE_URL names (a role that may create databases), dropped
// with the object. Ends the process with a message if that does not work: a test of the database without one is void.
class TestDatabase {
 public:
  // Empty, or with all migrations of the repository applied.
  enum class Schema { kEmpty, kMigrated };
  explicit TestDatabase(Schema schema = Schema::kMigrated);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  // A pool as the services have it: role gpuaas_app, to which row-level security applies.
  platform::Database& app() { return *app_; }

  std::string owner_url() const { return owner_url_; }  // role of GPUAAS_TEST_DATABASE_URL, this database
  std::string app_url() const { return app_url_; }      // role gpuaas_app, this database

  // Runs SQL as the owner, outside the pool.
  void Execute(const std::string& sql);

  static std::string MigrationsDirectory();

 private:
  std::string name_;
  std::string owner_url_;
  std::string app_url_;
  std::unique_ptr<platform::Database> app_;
};

}  // namespace gpuaas::tests
