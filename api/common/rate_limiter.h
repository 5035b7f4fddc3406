#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "domain/time.h"

namespace gpuaas::api {

// A token bucket per name, in this process only. Thread-safe.
class RateLimiter {
 public:
  // `burst` at once, refilled evenly over `period`.
  RateLimiter(int burst, std::chrono::seconds period) : burst_(burst), period_(period) {}

  // Zero if it may go on, else how long until it may.
  std::chrono::seconds Take(const std::string& name, Time now);

 private:
  struct Bucket {
    double tokens;
    Time at;
  };
  static constexpr std::size_t kMaxNames = 10'000;  // strangers choose the names

  const int burst_;
  const std::chrono::seconds period_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace gpuaas::api
