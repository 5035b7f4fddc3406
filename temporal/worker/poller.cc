#include "temporal/worker/poller.h"

#include "absl/strings/str_cat.h"

namespace temporal::worker {
namespace {

// A server holds a poll open. One that says at once that there is nothing would be asked in a hot loop.
constexpr Duration kShortestPoll = std::chrono::milliseconds(100);

}  // namespace

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
    const auto began = std::chrono::steady_clock::now();
    const absl::StatusOr<bool> polled = poll();
    if (!polled.ok() || !*polled) slots_.Release();
    if (polled.ok() || polled.status().code() == absl::StatusCode::kDeadlineExceeded) {
      if (failing) observer_.Log(LogLevel::kInfo, absl::StrCat(name_, ": polling works again"));
      failing = false;
      const bool task = polled.ok() && *polled;
      if (task || std::chrono::steady_clock::now() - began >= kShortestPoll) {
        backoff.Reset();
      } else {
        WaitFor(backoff.Next(), stop_.get_token());
      }
      continue;
    }
    if (!failing) observer_.Log(LogLevel::kWarning, absl::StrCat(name_, ": ", polled.status().ToString()));
    failing = true;
    WaitFor(backoff.Next(), stop_.get_token());
  }
}

}  // namespace temporal::worker
