#include "temporal/worker/timers.h"

namespace temporal::worker {

SteadyTimers::SteadyTimers() : thread_([state = state_] { Loop(*state); }) {}

SteadyTimers::~SteadyTimers() {
  {
    std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->changed.notify_one();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // it ends when the function that runs returns
  } else {
    thread_.join();
  }
}

SteadyTimers::Id SteadyTimers::At(Instant time, std::function<void()> function) {
  std::lock_guard lock(state_->mutex);
  const Id id(time, state_->next++);
  state_->queue.emplace(id, std::move(function));
  // What was cancelled still wakes the thread in its time: rare, and cheaper than to wake it for each new timer.
  if (time < state_->wakes_at) {
    state_->wakes_at = time;
    state_->changed.notify_one();
  }
  return id;
}

void SteadyTimers::Cancel(const Id& id) {
  std::lock_guard lock(state_->mutex);
  state_->queue.erase(id);
}

void SteadyTimers::Loop(State& state) {
  std::unique_lock lock(state.mutex);
  while (!state.closing) {
    if (state.queue.empty()) {
      state.wakes_at = Instant::max();
      state.changed.wait(lock);
      continue;
    }
    const auto first = state.queue.begin();
    if (const Instant time = first->first.first; time > std::chrono::steady_clock::now()) {
      state.wakes_at = time;
      state.changed.wait_until(lock, time);
      continue;
    }
    std::function<void()> function = std::move(first->second);
    state.queue.erase(first);
    lock.unlock();
    function();
    function = nullptr;  // what it holds may be the last of these timers
    lock.lock();
  }
}

}  // namespace temporal::worker
