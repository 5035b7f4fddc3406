#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace temporal::worker {

// Calls short functions at given times, all on one thread. Thread-safe.
class Timers {
 public:
  using Clock = std::chrono::steady_clock;
  using Id = std::pair<Clock::time_point, uint64_t>;

  Timers();
  ~Timers();  // what has not run by then never runs

  Id At(Clock::time_point time, std::function<void()> function);
  // The function may just be running.
  void Cancel(const Id& id);

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Id, std::function<void()>> queue_;
  uint64_t next_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace temporal::worker
