#pragma once

#include <signal.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gpuaas/flow/v1/allocation.pb.h"
#include "gpuaas/flow/v1/region.pb.h"

namespace temporal {
class Client;
}

namespace gpuaas::platform {
class Clock;
class Database;
class Vault;
}  // namespace gpuaas::platform

namespace gpuaas::activities {
class AgentClient;
}

namespace gpuaas::worker {

// What the worker is made of; the owner keeps the references alive longer than the service.
struct Parts {
  platform::Database& database;
  activities::AgentClient& agents;
  platform::Vault& vault;
  const platform::Clock& clock;
  std::shared_ptr<temporal::Client> client;
};

struct ServiceOptions {
  std::string task_queue = "gpuaas";
  std::string region;  // watched by `region-watch/<region>`; empty: none
  std::string identity = "gpuaas-worker";
  int sticky_cache_size = 1000;
  std::chrono::milliseconds poll_timeout{
      0};                       // also how long a stop may take at worst; at least 2 s, 0: the SDK's choice
  flow::v1::FlowLimits limits;  // for the flows admitted here
  flow::v1::SweepLimits sweep_limits;
};

// Workflows, activities and the outbox relay of one process, running.
class Service {
 public:
  virtual ~Service() = default;  // stops
  // Stops polling, finishes what runs (bounded), tells the server. Safe to call twice.
  virtual void Stop() = 0;
};

// Starts polling, relaying and the watch of the region. kUnavailable: no workflow service (try again); kNotFound: no
// such namespace.
absl::StatusOr<std::unique_ptr<Service>> StartService(const Parts& parts, const ServiceOptions& options);

// The same, again and again while there is no workflow service. Null when one of the signals `ends`, which the caller
// has blocked, comes first.
absl::StatusOr<std::unique_ptr<Service>> StartServiceWhenPossible(const Parts& parts, const ServiceOptions& options,
                                                                  const sigset_t& ends);

}  // namespace gpuaas::worker
