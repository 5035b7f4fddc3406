// gpuaas-api: the REST front door; also applies migrations and seeds the development tenants.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "api/service.h"
#include "domain/status.h"
#include "platform/clock/clock.h"
#include "platform/config/config.h"
#include "platform/log/log.h"
#include "platform/postgres/database.h"
#include "platform/postgres/migrator.h"
#include "stores/iam/seed.h"

namespace gpuaas::api {
namespace {

struct Settings {
  ServeSettings serve;
  std::string migrations_url;
  std::string migrations_dir = "deploy/migrations";
  int target = 0;
  int steps = 1;
  std::string name;
};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "gpuaas-api: %s: %s\n", std::string(InfoOf(ErrorCodeOf(status)).name).c_str(),
               std::string(status.message()).c_str());
  return static_cast<int>(InfoOf(ErrorCodeOf(status)).exit);
}

platform::MigratorOptions Migrations(const Settings& settings) {
  return {.url = settings.migrations_url.empty() ? settings.serve.common.database_url : settings.migrations_url,
          .directory = settings.migrations_dir};
}

int PrintStatus(const Settings& settings) {
  auto migrations = platform::GetMigrationStatus(Migrations(settings));
  if (!migrations.ok()) return Fail(migrations.status());
  for (const platform::MigrationStatus& migration : *migrations) {
    std::printf("%04d  %-28s %s%s%s\n", migration.number, migration.name.c_str(),
                migration.applied_at ? FormatTime(*migration.applied_at).c_str() : "pending",
                migration.edited ? "  EDITED after it was applied" : "", migration.missing ? "  FILE MISSING" : "");
  }
  return 0;
}

int PrintNumbers(const absl::StatusOr<std::vector<int>>& numbers, const char* verb) {
  if (!numbers.ok()) return Fail(numbers.status());
  for (int number : *numbers) std::printf("%s %04d\n", verb, number);
  if (numbers->empty()) std::printf("nothing to do\n");
  return 0;
}

int NewMigration(const Settings& settings) {
  auto path = platform::NewMigration(Migrations(settings), settings.name);
  if (!path.ok()) return Fail(path.status());
  std::printf("%s\n", path->c_str());
  return 0;
}

int SeedDev(const Settings& settings) {
  platform::Database database(platform::DatabaseOptions(settings.serve.common.database_url));
  absl::Status status = stores::SeedDev(database, platform::SystemClock().Now());
  return status.ok() ? 0 : Fail(status);
}

int ServeUntilSignal(const Settings& settings) {
  absl::Status status = Serve(settings.serve);
  return status.ok() ? 0 : Fail(status);
}

void AddServeSettings(CLI::App& app, ServeSettings& serve) {
  platform::AddCommonSettings(app, serve.common);
  platform::AddSetting(app, "api-listen", serve.api_listen, "host:port; loopback unless behind a proxy");
  platform::AddSetting(app, "behind-proxy", serve.behind_proxy, "The edge stands before this server");
  platform::AddSetting(app, "dev-mode", serve.dev_mode, "Allow log-in by development users' passwords");
  platform::AddSetting(app, "public-url", serve.public_url, "Where customers reach this service");
  platform::AddSetting(app, "agent-url", serve.agent_url, "Where node agents reach this service");
  platform::AddSetting(app, "agent-binary", serve.agent_binary, "The node agent that is given to new nodes");
  platform::AddSetting(app, "edge-secret-file", serve.edge_secret_file, "By what the edge is known; 0600");
  platform::AddSetting(app, "database-connections", serve.database_connections, "At most so many");
  platform::AddSetting(app, "idempotency-retention", serve.idempotency_retention,
                       "Seconds for which answers are kept for their idempotency keys; at least a day");
  platform::AddSetting(app, "project-allocations", serve.project_allocations,
                       "Allocations that have not ended, at most, in a project");
}

int Main(int argc, char** argv) {
  Settings settings;
  int result = 0;
  CLI::App app("The REST front door of the control plane.", "gpuaas-api");
  app.require_subcommand(0, 1);
  AddServeSettings(app, settings.serve);
  platform::AddSetting(app, "migrations-url", settings.migrations_url, "Database URL of the schema's owner");
  platform::AddSetting(app, "migrations-dir", settings.migrations_dir, "Folder of the migration files");

  app.add_subcommand("serve", "Answer requests (the default)")->fallthrough();
  CLI::App* seed = app.add_subcommand("seed-dev", "Make the development tenants, users and SKUs; safe to repeat");
  seed->fallthrough();
  CLI::App* migrate = app.add_subcommand("migrate", "The database's schema");
  migrate->fallthrough()->require_subcommand(1);
  CLI::App* status = migrate->add_subcommand("status", "Each migration and when it was applied");
  CLI::App* up = migrate->add_subcommand("up", "Apply what is pending");
  up->add_option("target", settings.target, "Last migration to apply; all if left out");
  CLI::App* down = migrate->add_subcommand("down", "Take back the newest migrations");
  down->add_option("steps", settings.steps, "How many")->capture_default_str();
  CLI::App* fresh = migrate->add_subcommand("new", "Make the next pair of empty files");
  fresh->add_option("name", settings.name, "lower_snake_case")->required();
  for (CLI::App* sub : {status, up, down, fresh}) sub->fallthrough();
  CLI11_PARSE(app, argc, argv);

  platform::InitLog("gpuaas-api", settings.serve.common.log_level);
  signal(SIGPIPE, SIG_IGN);
  const Time now = platform::SystemClock().Now();
  if (seed->parsed()) {
    result = SeedDev(settings);
  } else if (status->parsed()) {
    result = PrintStatus(settings);
  } else if (up->parsed()) {
    result = PrintNumbers(platform::MigrateUp(Migrations(settings), now, settings.target), "applied");
  } else if (down->parsed()) {
    result = PrintNumbers(platform::MigrateDown(Migrations(settings), settings.steps), "took back");
  } else if (fresh->parsed()) {
    result = NewMigration(settings);
  } else {
    // Blocked before any thread begins, so that only Serve takes them.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    result = ServeUntilSignal(settings);
  }
  return result;
}

}  // namespace
}  // namespace gpuaas::api

int main(int argc, char** argv) { return gpuaas::api::Main(argc, argv); }
