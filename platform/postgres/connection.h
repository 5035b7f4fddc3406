#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <unordered_map>

#include "domain/status.h"
#include "platform/postgres/database.h"

namespace gpuaas::platform {

// One connection of the pool with its prepared statements. Internal to this folder: the only headers that know libpqxx.
class Connection {
 public:
  // Connects; throws as libpqxx does.
  explicit Connection(const DatabaseOptions& options);

  // The name under which `sql` is prepared here.
  const std::string& Prepare(std::string_view sql);

  pqxx::connection& raw() { return connection_; }
  bool broken() const { return broken_; }
  void MarkBroken() { broken_ = true; }

 private:
  pqxx::connection connection_;
  std::unordered_map<std::string, std::string> prepared_;  // name by text
  bool broken_ = false;
};

// What a failure of libpqxx means to our callers. Must be called inside a catch block.
absl::Status CurrentExceptionToStatus(std::string_view sql);

// Whether the status came from a failed serialization or a deadlock: the transaction may simply run again.
bool IsSerializationFailure(const absl::Status& status);

// libpq connection text: the options' URL with timeouts and settings as start-up parameters, so that nothing in a
// session can lose them.
std::string ConnectionText(const DatabaseOptions& options);

}  // namespace gpuaas::platform
