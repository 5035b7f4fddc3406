#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "domain/status.h"

namespace gpuaas::platform {
class Clock;
class Database;
}  // namespace gpuaas::platform

namespace gpuaas::api {

// Whether a heartbeat would be heard now. Ends early when it is told to stop.
using Hears = std::function<absl::Status(std::stop_token)>;

// Asks for this service's health by the way that heartbeats take: name and port of the agents, the edge, a request
// thread. The answer may be a replica's. Fails after 4 s at most.
Hears ThroughEdge(const std::string& agent_url, const std::string& ca_file);

// Tells the database every few seconds that heartbeats can be received, when they can: silence of nodes while nobody
// could hear them does not count against them. Runs until it is destroyed.
class Pulse {
 public:
  Pulse(platform::Database& database, const platform::Clock& clock, Hears hears);

  // One beat, as the object makes them.
  static absl::Status Beat(platform::Database& database, const platform::Clock& clock, const Hears& hears,
                           const std::stop_token& stop);

 private:
  std::jthread thread_;
};

}  // namespace gpuaas::api
