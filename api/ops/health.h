#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "api/common/call.h"
#include "api/common/services.h"

namespace gpuaas::api {

// Whether one thing answers. A thread of its own asks it every two seconds, from the first time that somebody wants to
// know; all others read what came of it, so that a thing that hangs holds up nobody. Thread-safe.
class Probe {
 public:
  struct Result {
    absl::Status status;
    std::chrono::seconds age;  // since it was found out
  };

  explicit Probe(std::function<absl::Status()> check) : check_(std::move(check)) {}

  // Waits for the first result, but not past the probe's first second. A result that is far too old is a failure.
  Result Latest();

 private:
  using Clock = std::chrono::steady_clock;
  void Run(const std::stop_token& stop);

  const std::function<absl::Status()> check_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<absl::Status> latest_;
  Clock::time_point found_at_;          // or when the probe began
  std::optional<std::jthread> thread_;  // ends before the others
};

// What the service stands on. Thread-safe.
class HealthChecks {
 public:
  explicit HealthChecks(Services& services);

  // By component.
  using Results = std::map<std::string, Probe::Result>;
  Results Latest();

  // Asks the database itself: without it nothing can be answered, so there is nothing to spare.
  bool IsReady();

  // From now on the service is not ready.
  void StartDraining() { draining_ = true; }
  bool draining() const { return draining_; }

 private:
  Services& services_;
  std::map<std::string, Probe> probes_;
  std::atomic<bool> draining_ = false;
};

// The contract's Components.
nlohmann::json ComponentsJson(const HealthChecks::Results& components);

absl::StatusOr<platform::Response> Health(HealthChecks& checks, const Call& call);
absl::StatusOr<platform::Response> Live();
absl::StatusOr<platform::Response> Ready(HealthChecks& checks);

}  // namespace gpuaas::api
