#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace temporal {
class Client;
}

namespace gpuaas::platform {
class Database;
class Server;
}  // namespace gpuaas::platform

namespace gpuaas::worker {

// Serves /health and /health/ready (503 while PostgreSQL or Temporal cannot be reached), /health/live and /metrics.
// `listen` is host:port. The references must outlive the server. kInvalidArgument, kUnavailable: the address is taken.
absl::StatusOr<std::unique_ptr<platform::Server>> StartHealthServer(const std::string& listen,
                                                                    platform::Database& database,
                                                                    temporal::Client& client);

}  // namespace gpuaas::worker
