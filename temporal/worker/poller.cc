#include "temporal/worker/poller.h"

#include "absl/strings/str_cat.h"

namespace temporal::worker {
namespace {

// A server holds a poll open. One that says at once that there is nothing would be asked in a hot loop.
constexpr Duration kShortestPoll = std::chrono::milliseconds(100);

}  // namespace

void Poller::Start(int threads, Poll poll) {
  poll_ = std::move(poll);
  const std::lock_guard lock(mutex_);
  wished_ = threads;
  for (int i = 0; i < threads; ++i) AddThread();
}

void Poller::Start(const PollerAutoscaling& scaling, Poll poll) {
  poll_ = std::move(poll);
  const std::lock_guard lock(mutex_);
  scaling_.emplace(scaling);
  wished_ = scaling_->target();
  for (int i = 0; i < wished_; ++i) AddThread();
}

void Poller::AddThread() {
  threads_.emplace_back([this] { Loop(); });
  Count(metrics::kPollerStart);
}

void Poller::Join() {
  Stop();
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);  // none is added once it is stopped
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void Poller::Count(const char* metric) const {
  shared_.observer().Count(
      metric,
      {{"namespace", shared_.name_space}, {"task_queue", shared_.options.task_queue}, {"worker_type", worker_type_}},
      1);
}

void Poller::Publish(int polling) const {
  shared_.observer().Gauge(
      metrics::kNumPollers,
      {{"namespace", shared_.name_space}, {"task_queue", shared_.options.task_queue}, {"poller_type", type_}}, polling);
}

bool Poller::Enter() {
  std::unique_lock lock(mutex_);
  if (polling_ >= wished_ && !wanted_.wait(lock, stop_.get_token(), [this] { return polling_ < wished_; })) {
    return false;
  }
  ++polling_;
  Publish(polling_);
  return true;
}

void Poller::Leave(const absl::StatusOr<PollResult>& polled) {
  const std::lock_guard lock(mutex_);
  --polling_;
  Publish(polling_);
  if (!scaling_) return;
  const auto now = std::chrono::steady_clock::now();
  if (polled.ok()) {
    scaling_->Polled(polled->task, polled->suggestion, now);
  } else {
    scaling_->Failed(polled.status().code(), now);
  }
  const bool more = scaling_->target() > wished_;
  wished_ = scaling_->target();
  while (!stopped() && static_cast<int>(threads_.size()) < wished_) AddThread();
  if (more) wanted_.notify_all();
}

absl::StatusOr<PollResult> Poller::PollOnce() {
  if (!slots_.Acquire(stop_.get_token())) return absl::CancelledError("stopped");
  if (!limiter_.Wait(stop_.get_token())) {
    slots_.ReleaseUnused();
    return absl::CancelledError("stopped");
  }
  absl::StatusOr<PollResult> polled = poll_();
  if (!polled.ok() && polled.status().code() == absl::StatusCode::kDeadlineExceeded) polled = PollResult();
  if (!polled.ok() || !polled->task) {
    limiter_.Return();
    slots_.ReleaseUnused();
  }
  return polled;
}

void Poller::Loop() {
  Backoff backoff;
  bool failing = false;
  while (!stopped() && Enter()) {
    const auto began = std::chrono::steady_clock::now();
    const absl::StatusOr<PollResult> polled = PollOnce();
    Leave(polled);
    if (polled.ok()) {
      if (failing) shared_.observer().Log(LogLevel::kInfo, absl::StrCat(type_, " poller: polling works again"));
      failing = false;
      if (polled->task || std::chrono::steady_clock::now() - began >= kShortestPoll) {
        backoff.Reset();
      } else {
        WaitFor(backoff.Next(), stop_.get_token());
      }
      continue;
    }
    if (stopped()) return;
    if (!failing) {
      shared_.observer().Log(LogLevel::kWarning, absl::StrCat(type_, " poller: ", polled.status().ToString()));
    }
    failing = true;
    WaitFor(backoff.Next(), stop_.get_token());
  }
}

}  // namespace temporal::worker
