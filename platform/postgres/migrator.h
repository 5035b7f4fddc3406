#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/status.h"
#include "domain/time.h"

namespace gpuaas::platform {

// Applies numbered SQL files: `<directory>/NNNN_name.up.sql` and `.down.sql`. What was applied is kept, with a SHA-256
// of the up file, in table `schema_migrations`. Runs hold an advisory lock, so several at once are safe: one works, the
// others wait and find nothing to do. Each file runs in one transaction with its row.
struct MigratorOptions {
  std::string url;        // a role that owns the schema (gpuaas_owner)
  std::string directory;  // for example deploy/migrations
};

struct MigrationStatus {
  int number = 0;
  std::string name;
  std::optional<Time> applied_at;
  bool edited = false;   // applied, but the file's checksum is another one now
  bool missing = false;  // applied, but there is no such file
};

// Every known migration in order. kDatabaseUnavailable; kInvalidArgument (unreadable directory, a number twice, a gap,
// an up file without its down file).
absl::StatusOr<std::vector<MigrationStatus>> GetMigrationStatus(const MigratorOptions& options);

// Applies what is pending, up to number `target` (0: all), at time `now`; gives the numbers applied. Also
// kInvalidState if an applied file was edited or is missing, kInternal with PostgreSQL's message if a file fails.
absl::StatusOr<std::vector<int>> MigrateUp(const MigratorOptions& options, Time now, int target = 0);

// Takes back the last `steps` migrations, the newest first; gives their numbers. Errors as for MigrateUp.
absl::StatusOr<std::vector<int>> MigrateDown(const MigratorOptions& options, int steps);

// Makes the next pair of empty files; gives the path of the up file. kInvalidArgument (a name that is not
// lower_snake_case, unwritable directory).
absl::StatusOr<std::string> NewMigration(const MigratorOptions& options, std::string_view name);

}  // namespace gpuaas::platform
