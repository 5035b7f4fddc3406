#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "temporal/common/timers.h"

namespace temporal::worker {

// By the machine's clock, all on one thread.
class SteadyTimers : public Timers {
 public:
  SteadyTimers();
  ~SteadyTimers() override;  // what has not run by then never runs; any thread may do it

  Instant Now() const override { return std::chrono::steady_clock::now(); }
  Id At(Instant time, std::function<void()> function) override;
  void Cancel(const Id& id) override;

 private:
  // The thread's too: the last function to run may be what destroys this.
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<Id, std::function<void()>> queue;
    uint64_t next = 0;
    Instant wakes_at = Instant::max();  // the thread, at the latest
    bool closing = false;
  };
  static void Loop(State& state);

  const std::shared_ptr<State> state_ = std::make_shared<State>();
  std::thread thread_;
};

}  // namespace temporal::worker
