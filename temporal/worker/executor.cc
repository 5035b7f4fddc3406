#include "temporal/worker/executor.h"

namespace temporal::worker {

Executor::~Executor() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    threads.swap(threads_);
  }
  work_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void Executor::Run(std::function<void()> function) {
  std::lock_guard lock(mutex_);
  queue_.push_back(std::move(function));
  const int idle = static_cast<int>(threads_.size()) - busy_;
  if (static_cast<int>(queue_.size()) > idle && static_cast<int>(threads_.size()) < max_threads_) {
    threads_.emplace_back([this] { Loop(); });
  }
  work_.notify_one();
}

void Executor::Lose() {
  std::lock_guard lock(mutex_);
  ++max_threads_;
  ++lost_;
  if (Idle()) idle_changed_.notify_all();
}

void Executor::Regain() {
  std::lock_guard lock(mutex_);
  --max_threads_;
  --lost_;
}

bool Executor::WaitIdle() {
  std::unique_lock lock(mutex_);
  idle_changed_.wait(lock, [this] { return Idle(); });
  return busy_ == 0;
}

void Executor::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::function<void()> function = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    lock.unlock();
    function();
    function = nullptr;
    lock.lock();
    --busy_;
    if (Idle()) idle_changed_.notify_all();
  }
}

}  // namespace temporal::worker
