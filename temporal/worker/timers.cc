#include "temporal/worker/timers.h"

namespace temporal::worker {

SteadyTimers::SteadyTimers() : thread_([this] { Loop(); }) {}

SteadyTimers::~SteadyTimers() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

SteadyTimers::Id SteadyTimers::At(Instant time, std::function<void()> function) {
  std::lock_guard lock(mutex_);
  const Id id(time, next_++);
  queue_.emplace(id, std::move(function));
  // What was cancelled still wakes the thread in its time: rare, and cheaper than to wake it for each new timer.
  if (time < wakes_at_) {
    wakes_at_ = time;
    changed_.notify_one();
  }
  return id;
}

void SteadyTimers::Cancel(const Id& id) {
  std::lock_guard lock(mutex_);
  queue_.erase(id);
}

void SteadyTimers::Loop() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (queue_.empty()) {
      wakes_at_ = Instant::max();
      changed_.wait(lock);
      continue;
    }
    const auto first = queue_.begin();
    if (const Instant time = first->first.first; time > Now()) {
      wakes_at_ = time;
      changed_.wait_until(lock, time);
      continue;
    }
    const std::function<void()> function = std::move(first->second);
    queue_.erase(first);
    lock.unlock();
    function();
    lock.lock();
  }
}

}  // namespace temporal::worker
