#pragma once

#include <memory>
#include <string>

#include "api/common/binder.h"
#include "api/ops/health.h"
#include "platform/config/config.h"
#include "platform/http/server.h"

namespace gpuaas::api {

struct ServeSettings {
  platform::CommonSettings common;
  std::string api_listen = "127.0.0.1:8080";
  bool behind_proxy = false;  // allows addresses that are not loopback
  bool dev_mode = false;
  std::string public_url = "https://localhost:8443";
  std::string agent_url = "https://localhost:8444";
  std::string agent_binary;
  std::string edge_secret_file;  // without one, no node's certificate is believed
  int database_connections = 16;
  int idempotency_retention = 24 * 60 * 60;  // seconds
  int project_allocations = 1000;
};

// Binds every operation of the contract.
void BindAll(Binder& binder, Services& services, HealthChecks& health);

// Serves until SIGTERM or SIGINT, which must be blocked in every thread; then drains. kInvalidArgument for settings
// that can't be used; kUnavailable if the address can't be listened on.
absl::Status Serve(const ServeSettings& settings);

}  // namespace gpuaas::api
