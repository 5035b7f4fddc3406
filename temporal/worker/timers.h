#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "temporal/common/timers.h"

namespace temporal::worker {

// By the machine's clock, all on one thread.
class SteadyTimers : public Timers {
 public:
  SteadyTimers();
  ~SteadyTimers() override;  // what has not run by then never runs

  Instant Now() const override { return std::chrono::steady_clock::now(); }
  Id At(Instant time, std::function<void()> function) override;
  void Cancel(const Id& id) override;

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Id, std::function<void()>> queue_;
  uint64_t next_ = 0;
  Instant wakes_at_ = Instant::max();  // the thread, at the latest
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace temporal::worker
