#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>

#include "temporal/common/time.h"
#include "temporal/common/timers.h"

namespace temporal::testing {

// A clock that stands still unless a test moves it, for WorkerOptions::timers.
class ManualTimers : public Timers {
 public:
  Instant Now() const override;
  Id At(Instant time, std::function<void()> function) override;
  void Cancel(const Id& id) override;

  // Runs what is due until then, in order, on this thread.
  void Advance(Duration duration);
  // Waits, at most 20 s of real time, until so many functions wait for their time, and so many were ever made to.
  bool WaitForTimers(size_t waiting, uint64_t ever = 0);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Instant now_{std::chrono::hours(1)};
  uint64_t next_ = 0;
  std::map<Id, std::function<void()>> queue_;
};

}  // namespace temporal::testing
