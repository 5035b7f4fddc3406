#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace temporal {

// A clock that calls short functions at given times. Thread-safe.
class Timers {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Id = std::pair<Instant, uint64_t>;

  virtual ~Timers() = default;
  virtual Instant Now() const = 0;
  // The function runs on a thread of the clock's, never within this call.
  virtual Id At(Instant time, std::function<void()> function) = 0;
  // The function may just be running.
  virtual void Cancel(const Id& id) = 0;
};

}  // namespace temporal
