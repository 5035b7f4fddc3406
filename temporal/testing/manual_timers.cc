#include "temporal/testing/manual_timers.h"

#include <algorithm>
#include <utility>

namespace temporal::testing {

Timers::Instant ManualTimers::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

Timers::Id ManualTimers::At(Instant time, std::function<void()> function) {
  std::lock_guard lock(mutex_);
  const Id id(time, next_++);
  queue_.emplace(id, std::move(function));
  changed_.notify_all();
  return id;
}

void ManualTimers::Cancel(const Id& id) {
  std::lock_guard lock(mutex_);
  queue_.erase(id);
}

void ManualTimers::Advance(Duration duration) {
  std::unique_lock lock(mutex_);
  const Instant until = now_ + duration;
  while (!queue_.empty() && queue_.begin()->first.first <= until) {
    auto first = queue_.extract(queue_.begin());
    now_ = std::max(now_, first.key().first);
    lock.unlock();
    first.mapped()();
    lock.lock();
  }
  now_ = until;
}

bool ManualTimers::WaitForTimers(size_t waiting, uint64_t ever) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return queue_.size() >= waiting && next_ >= ever; });
}

}  // namespace temporal::testing
