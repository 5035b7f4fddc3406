#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "api/common/call.h"
#include "api/common/services.h"

namespace gpuaas::api {

// Whether what the service stands on answers; asked at most every two seconds, whoever asks. Thread-safe.
class HealthChecks {
 public:
  explicit HealthChecks(Services& services) : services_(services) {}

  // By component: OK or what is wrong with it.
  std::map<std::string, absl::Status> Check(Time now);

  // From now on the service is not ready.
  void StartDraining() { draining_ = true; }
  bool draining() const { return draining_; }

 private:
  Services& services_;
  std::mutex mutex_;
  std::map<std::string, absl::Status> latest_;
  Time checked_at_{};
  std::atomic<bool> draining_ = false;
};

// The contract's Components.
nlohmann::json ComponentsJson(const std::map<std::string, absl::Status>& components);

absl::StatusOr<platform::Response> Health(HealthChecks& checks, const Call& call);
absl::StatusOr<platform::Response> Live();
absl::StatusOr<platform::Response> Ready(HealthChecks& checks, const Call& call);

}  // namespace gpuaas::api
