#include "platform/postgres/migrator.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <pqxx/pqxx>
#include <regex>

#include "domain/status_macros.h"
#include "platform/log/log.h"
#include "platform/postgres/connection.h"
#include "platform/postgres/migration_files.h"

namespace gpuaas::platform {
namespace {

// Any constant does, as long as nobody else takes it: "gpuaas" in ASCII.
constexpr char kLock[] = "SELECT pg_advisory_lock(113771917533555)";
constexpr char kTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL)";

struct Applied {
  std::string name;
  std::string checksum;
  Time at;
};

// A connection that holds the migration lock until it is closed, and what the database says was applied.
class Session {
 public:
  explicit Session(const MigratorOptions& options) : connection_(Unbounded(options)) {
    pqxx::nontransaction plain(connection_.raw());
    plain.exec(kLock);
    plain.exec("SET lock_timeout = '30s'");  // a migration must not queue behind a long reader and block everybody else
    plain.exec(kTable);
    for (const pqxx::row& row : plain.exec("SELECT number, name, checksum, applied_at FROM schema_migrations")) {
      applied_[row[0].as<int>()] = {row[1].c_str(), row[2].c_str(), *ParseTime(row[3].c_str())};
    }
  }

  void Up(const MigrationFile& file, Time now) {
    pqxx::work work(connection_.raw());
    work.exec("SELECT set_config('app.scope', 'system', true)");  // row-level security binds the owner too
    work.exec(file.up_sql);
    work.exec_params("INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                     file.number, file.name, file.checksum, FormatTime(now));
    work.commit();
    applied_[file.number] = {file.name, file.checksum, now};
  }

  void Down(const MigrationFile& file) {
    pqxx::work work(connection_.raw());
    work.exec("SELECT set_config('app.scope', 'system', true)");
    work.exec(file.down_sql);
    work.exec_params("DELETE FROM schema_migrations WHERE number = $1", file.number);
    work.commit();
    applied_.erase(file.number);
  }

  const std::map<int, Applied>& applied() const { return applied_; }

 private:
  static DatabaseOptions Unbounded(const MigratorOptions& options) {
    DatabaseOptions result(options.url);
    result.application_name = "gpuaas-migrate";
    result.statement_timeout = result.lock_timeout = result.idle_in_transaction_timeout = {};
    return result;
  }

  Connection connection_;
  std::map<int, Applied> applied_;
};

// An operator reads this one: PostgreSQL's own words belong into it.
absl::Status MigrationError(const std::string& doing) {
  try {
    throw;
  } catch (const pqxx::broken_connection&) {
    return MakeError(ErrorCode::kDatabaseUnavailable, doing + ": the database cannot be reached");
  } catch (const std::exception& error) {
    return MakeError(ErrorCode::kInternal, doing + ": " + error.what());
  }
}

std::vector<MigrationStatus> Merge(const std::vector<MigrationFile>& files, const std::map<int, Applied>& applied) {
  std::map<int, MigrationStatus> merged;
  for (const auto& [number, row] : applied) {
    merged[number] = {.number = number, .name = row.name, .applied_at = row.at, .missing = true};
  }
  for (const MigrationFile& file : files) {
    MigrationStatus& status = merged[file.number];
    const auto row = applied.find(file.number);
    status.number = file.number;
    status.name = file.name;
    status.missing = false;
    status.edited = row != applied.end() && row->second.checksum != file.checksum;
  }
  std::vector<MigrationStatus> result;
  for (auto& [number, status] : merged) result.push_back(std::move(status));
  return result;
}

absl::Status CheckUntouched(const std::vector<MigrationStatus>& all) {
  for (const MigrationStatus& status : all) {
    const std::string which = "migration " + std::to_string(status.number) + " (" + status.name + ") ";
    if (status.edited) return MakeError(ErrorCode::kInvalidState, which + "was edited after it was applied");
    if (status.missing) return MakeError(ErrorCode::kInvalidState, which + "was applied but its file is missing");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<MigrationStatus>> GetMigrationStatus(const MigratorOptions& options) {
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<MigrationFile> files, ReadMigrations(options.directory));
  try {
    return Merge(files, Session(options).applied());
  } catch (...) {
    return MigrationError("reading the migrations' status");
  }
}

absl::StatusOr<std::vector<int>> MigrateUp(const MigratorOptions& options, Time now, int target) {
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<MigrationFile> files, ReadMigrations(options.directory));
  std::string doing = "connecting";
  try {
    Session session(options);
    GPUAAS_RETURN_IF_ERROR(CheckUntouched(Merge(files, session.applied())));
    std::vector<int> done;
    for (const MigrationFile& file : files) {
      if (session.applied().contains(file.number) || (target != 0 && file.number > target)) continue;
      doing = MigrationFileName(file.number, file.name, "up");
      session.Up(file, now);
      LogInfo("migration applied", {{"number", file.number}, {"name", file.name}});
      done.push_back(file.number);
    }
    return done;
  } catch (...) {
    return MigrationError(doing);
  }
}

absl::StatusOr<std::vector<int>> MigrateDown(const MigratorOptions& options, int steps) {
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<MigrationFile> files, ReadMigrations(options.directory));
  std::string doing = "connecting";
  try {
    Session session(options);
    GPUAAS_RETURN_IF_ERROR(CheckUntouched(Merge(files, session.applied())));
    std::vector<int> done;
    while (static_cast<int>(done.size()) < steps && !session.applied().empty()) {
      const MigrationFile& file = files[static_cast<std::size_t>(session.applied().rbegin()->first) - 1];
      doing = MigrationFileName(file.number, file.name, "down");
      session.Down(file);
      LogInfo("migration taken back", {{"number", file.number}, {"name", file.name}});
      done.push_back(file.number);
    }
    return done;
  } catch (...) {
    return MigrationError(doing);
  }
}

absl::StatusOr<std::string> NewMigration(const MigratorOptions& options, std::string_view name) {
  static const std::regex& pattern = *new std::regex("[a-z][a-z0-9_]*");
  const std::string text(name);
  if (!std::regex_match(text, pattern)) {
    return MakeError(ErrorCode::kInvalidArgument, "a migration's name is lower_snake_case");
  }
  GPUAAS_ASSIGN_OR_RETURN(const std::vector<MigrationFile> files, ReadMigrations(options.directory));
  const int number = static_cast<int>(files.size()) + 1;
  const std::filesystem::path directory(options.directory);
  for (const char* direction : {"down", "up"}) {
    std::ofstream stream(directory / MigrationFileName(number, text, direction));
    stream << "-- " << text << ", " << direction << "\n";
    stream.close();
    if (!stream) return MakeError(ErrorCode::kInvalidArgument, options.directory + " cannot be written");
  }
  return (directory / MigrationFileName(number, text, "up")).string();
}

}  // namespace gpuaas::platform
