#pragma once

#include <chrono>
#include <mutex>

#include "domain/time.h"

namespace gpuaas::platform {

// The wall clock as a port: whatever decides by time gets one by its constructor. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
};

// The system's clock, cut to microseconds.
class SystemClock final : public Clock {
 public:
  Time Now() const override { return std::chrono::floor<Time::duration>(std::chrono::system_clock::now()); }
};

// A clock for tests that stands still until it is moved.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time(std::chrono::seconds(1'800'000'000))) : now_(start) {}

  Time Now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void Set(Time now) {
    std::lock_guard lock(mutex_);
    now_ = now;
  }
  void Advance(Time::duration by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }

 private:
  mutable std::mutex mutex_;
  Time now_;
};

}  // namespace gpuaas::platform
