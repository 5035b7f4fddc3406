#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace temporal::worker {

// Runs functions on threads that it makes as they are needed, at most `max_threads`; what comes beyond that queues.
// Thread-safe. Functions must not throw.
class Executor {
 public:
  explicit Executor(int max_threads) : max_threads_(max_threads) {}
  ~Executor();  // finishes everything queued
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void Run(std::function<void()> function);

  // A function does not return: one thread more is allowed, and nobody waits for it, until it does.
  void Lose();
  void Regain();

  // Waits until nothing runs or is queued; false if that takes longer than `timeout`.
  template <class Rep, class Period>
  bool WaitIdle(std::chrono::duration<Rep, Period> timeout) {
    std::unique_lock lock(mutex_);
    return idle_changed_.wait_for(lock, timeout, [this] { return Idle(); });
  }
  // False: only functions that do not return are left. This object must not be destroyed then.
  bool WaitIdle();

 private:
  bool Idle() const { return queue_.empty() && busy_ == lost_; }
  void Loop();

  int max_threads_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_changed_;
  std::deque<std::function<void()>> queue_;
  int busy_ = 0;
  int lost_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace temporal::worker
