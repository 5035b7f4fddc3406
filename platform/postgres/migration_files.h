#pragma once

#include <string>
#include <vector>

#include "domain/status.h"

namespace gpuaas::platform {

// One numbered pair of files of a migrations directory.
struct MigrationFile {
  int number = 0;
  std::string name;  // "allocations" of 0004_allocations.up.sql
  std::string up_sql;
  std::string down_sql;
  std::string checksum;  // hex SHA-256 of up_sql
};

// All pairs in order, numbered 1, 2, 3, ... without gaps. Files of other names are ignored. kInvalidArgument.
absl::StatusOr<std::vector<MigrationFile>> ReadMigrations(const std::string& directory);

// "0004_allocations.up.sql".
std::string MigrationFileName(int number, const std::string& name, const char* direction);

}  // namespace gpuaas::platform
