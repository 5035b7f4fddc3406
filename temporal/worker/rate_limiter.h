#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>
#include <stop_token>

#include "temporal/common/time.h"
#include "temporal/transport/retry.h"

namespace temporal::worker {

// Lets through so many per second, one at a time. Thread-safe.
class RateLimiter {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  // 0: no limit.
  explicit RateLimiter(double per_second)
      : interval_(per_second > 0 ? std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / per_second))
                                 : Duration(0)) {}

  // Waits for its turn; false if stopped before.
  bool Wait(const std::stop_token& stop) {
    if (interval_ == Duration(0)) return true;
    const Instant now = std::chrono::steady_clock::now();
    return WaitFor(Take(now) - now, stop);
  }
  // Takes the next turn, which is at that time.
  Instant Take(Instant now) {
    const std::lock_guard lock(mutex_);
    const Instant turn = std::max(next_, now);
    next_ = turn + interval_;
    return turn;
  }
  // The turn was not used.
  void Return() {
    if (interval_ == Duration(0)) return;
    const std::lock_guard lock(mutex_);
    next_ -= interval_;
  }

 private:
  const Duration interval_;
  std::mutex mutex_;
  Instant next_{};
};

}  // namespace temporal::worker
