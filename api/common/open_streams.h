#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "api/common/access.h"

namespace gpuaas::api {

// Divides the event streams that this process can serve: no user and no tenant may take them all. Thread-safe.
class OpenStreams {
 public:
  static constexpr int kPerUser = 16;
  static constexpr int kPerTenant = 64;

  // A share that is given back with the last copy of it. kRateLimited.
  absl::StatusOr<std::shared_ptr<const void>> Take(const Principal& principal);

 private:
  struct Counts {
    std::mutex mutex;
    std::map<std::string, int> open;  // by user and by tenant id; none at zero
  };
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace gpuaas::api
