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
  if (queue_.begin()->first == id) changed_.notify_one();
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
      changed_.wait(lock);
      continue;
    }
    const auto first = queue_.begin();
    if (const auto time = first->first.first; time > Now()) {
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
