#include "tests/mocks/postgres/test_database.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <pqxx/pqxx>

#include "domain/ids.h"
#include "platform/clock/clock.h"
#include "platform/postgres/migrator.h"

namespace gpuaas::tests {
namespace {

[[noreturn]] void Die(const std::string& problem) {
  std::fprintf(stderr, "test database: %s\n", problem.c_str());
  std::_Exit(2);
}

std::string FromEnvironment(const char* name, const std::string& otherwise = {}) {
  const char* value = std::getenv(name);
  if (value == nullptr && otherwise.empty()) Die(std::string(name) + " is not set");
  return value == nullptr ? otherwise : value;
}

// `url` with another database: what stands between the third slash and the query.
std::string WithDatabase(const std::string& url, const std::string& database) {
  const auto path = url.find('/', url.find("://") + 3);
  const auto query = url.find('?');
  return url.substr(0, path) + "/" + database + (query == std::string::npos ? "" : url.substr(query));
}

// `url` with another user and no password, for servers that trust the machine.
std::string WithUser(const std::string& url, const std::string& user) {
  const auto begin = url.find("://") + 3;
  const auto at = url.find('@', begin);
  return url.substr(0, begin) + user + url.substr(at == std::string::npos ? begin : at);
}

// The services' role, and the right to end its sessions when the database is dropped; deploy/ makes both beforehand.
constexpr char kAppRole[] = R"(
DO $$ BEGIN
  CREATE ROLE gpuaas_app LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
END $$;
DO $$ BEGIN
  IF NOT pg_has_role(current_user, 'gpuaas_app', 'MEMBER') THEN
    EXECUTE format('GRANT gpuaas_app TO %I', current_user);
  END IF;
END $$)";

void Run(const std::string& url, const std::string& sql) {
  try {
    pqxx::connection connection(url);
    pqxx::nontransaction(connection).exec(sql);
  } catch (const std::exception& error) {
    Die(error.what());
  }
}

// A plain DROP sends autovacuum away and waits for sessions that are just ending; FORCE ends sessions that stay, but
// may not touch autovacuum. Which of them is there is chance.
void Drop(const std::string& url, const std::string& name) {
  try {
    pqxx::connection connection(url);
    pqxx::nontransaction(connection).exec("DROP DATABASE " + name);
  } catch (const std::exception&) {
    Run(url, "DROP DATABASE " + name + " WITH (FORCE)");
  }
}

}  // namespace

std::string TestDatabase::MigrationsDirectory() { return GPUAAS_MIGRATIONS; }

TestDatabase::TestDatabase(Schema schema) {
  const std::string server = FromEnvironment("GPUAAS_TEST_DATABASE_URL");
  const Time now = platform::SystemClock().Now();
  name_ = "gpuaas_test_" + NewUlidText(now);
  for (char& c : name_) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  Run(server, "CREATE DATABASE " + name_);
  Run(server, kAppRole);
  owner_url_ = WithDatabase(server, name_);
  app_url_ = WithDatabase(FromEnvironment("GPUAAS_TEST_APP_DATABASE_URL", WithUser(server, "gpuaas_app")), name_);
  if (schema == Schema::kMigrated) {
    const auto applied = platform::MigrateUp({owner_url_, MigrationsDirectory()}, now);
    if (!applied.ok()) Die(std::string(applied.status().message()));
  }
  app_ = std::make_unique<platform::Database>(platform::DatabaseOptions(app_url_));
}

TestDatabase::~TestDatabase() {
  app_.reset();
  Drop(FromEnvironment("GPUAAS_TEST_DATABASE_URL"), name_);
}

void TestDatabase::Execute(const std::string& sql) { Run(owner_url_, sql); }

}  // namespace gpuaas::tests
