#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace temporal::worker {

// A fixed number of permits to run tasks. One is taken before a poll, so that no polled task ever waits for a place.
class Slots {
 public:
  explicit Slots(int count) : free_(count) {}

  // False if stopped while waiting.
  bool Acquire(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait(lock, stop, [this] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  bool TryAcquire() {
    std::lock_guard lock(mutex_);
    if (free_ == 0) return false;
    --free_;
    return true;
  }
  void Release() {
    {
      std::lock_guard lock(mutex_);
      ++free_;
    }
    freed_.notify_one();
  }
  int free() const {
    std::lock_guard lock(mutex_);
    return free_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any freed_;
  int free_;
};

}  // namespace temporal::worker
