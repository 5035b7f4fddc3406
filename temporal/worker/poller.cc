#include "temporal/worker/poller.h"

#include "absl/strings/str_cat.h"

namespace temporal::worker {

void Poller::Start(int threads, const Poll& poll) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this, poll] { Loop(poll); });
}

void Poller::Join() {
  Stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Poller::Loop(const Poll& poll) {
  Backoff backoff;
  bool failing = false;
  while (!stop_.stop_requested() && slots_.Acquire(stop_.get_token())) {
    const absl::StatusOr<bool> polled = poll();
    if (!polled.ok() || !*polled) slots_.Release();
    if (polled.ok() || polled.status().code() == absl::StatusCode::kDeadlineExceeded) {
      if (failing) observer_.Log(LogLevel::kInfo, absl::StrCat(name_, ": polling works again"));
      failing = false;
      backoff.Reset();
      continue;
    }
    if (!failing) observer_.Log(LogLevel::kWarning, absl::StrCat(name_, ": ", polled.status().ToString()));
    failing = true;
    WaitFor(backoff.Next(), stop_.get_token());
  }
}

}  // namespace temporal::worker
