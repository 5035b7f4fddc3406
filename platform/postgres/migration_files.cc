#include "platform/postgres/migration_files.h"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

namespace gpuaas::platform {
namespace {

namespace fs = std::filesystem;

std::string Sha256Hex(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", digest[i]);
    hex += pair;
  }
  return hex;
}

absl::Status Bad(const std::string& problem) { return MakeError(ErrorCode::kInvalidArgument, problem); }

}  // namespace

std::string MigrationFileName(int number, const std::string& name, const char* direction) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%04d", number);
  return std::string(digits) + "_" + name + "." + direction + ".sql";
}

absl::StatusOr<std::vector<MigrationFile>> ReadMigrations(const std::string& directory) {
  static const std::regex& pattern = *new std::regex("([0-9]{4})_([a-z0-9_]+)\\.(up|down)\\.sql");
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  if (error) return Bad("migrations directory " + directory + " cannot be read: " + error.message());
  std::map<int, MigrationFile> found;
  for (const fs::directory_entry& entry : entries) {
    const std::string file = entry.path().filename().string();
    std::smatch match;
    if (!std::regex_match(file, match, pattern)) continue;
    MigrationFile& migration = found[std::stoi(match[1])];
    if (!migration.name.empty() && migration.name != match[2]) {
      return Bad("migration number " + match[1].str() + " is used twice: " + migration.name + " and " + match[2].str());
    }
    migration.number = std::stoi(match[1]);
    migration.name = match[2];
    std::ifstream stream(entry.path());
    std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (!stream.good() && !stream.eof()) return Bad("migration file " + file + " cannot be read");
    if (text.empty()) return Bad("migration file " + file + " is empty");
    (match[3] == "up" ? migration.up_sql : migration.down_sql) = std::move(text);
  }
  std::vector<MigrationFile> migrations;
  for (auto& [number, migration] : found) {
    if (number != static_cast<int>(migrations.size()) + 1) {
      return Bad("migration " + std::to_string(migrations.size() + 1) + " is missing before " + std::to_string(number));
    }
    for (const char* direction : {"up", "down"}) {
      if ((direction == std::string("up") ? migration.up_sql : migration.down_sql).empty()) {
        return Bad("there is no " + MigrationFileName(number, migration.name, direction));
      }
    }
    migration.checksum = Sha256Hex(migration.up_sql);
    migrations.push_back(std::move(migration));
  }
  return migrations;
}

}  // namespace gpuaas::platform
