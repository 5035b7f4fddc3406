#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "temporal/transport/retry.h"
#include "temporal/worker/poller_scaling.h"
#include "temporal/worker/rate_limiter.h"
#include "temporal/worker/slots.h"

namespace temporal::worker {

// What came of a long poll.
struct PollResult {
  bool task = false;              // there was one, and it has been handed on with its slot
  std::optional<int> suggestion;  // the server's: so many polls more or less at once
};

// Threads that poll for tasks of one kind until stopped.
class Poller {
 public:
  using Poll = std::function<absl::StatusOr<PollResult>()>;

  // `type` names it in metrics; `worker_type` the worker it is part of. `shared` and `slots` must outlive it.
  Poller(std::string type, std::string worker_type, Slots& slots, const Shared& shared, double polls_per_second = 0)
      : type_(std::move(type)),
        worker_type_(std::move(worker_type)),
        slots_(slots),
        shared_(shared),
        limiter_(polls_per_second) {}
  ~Poller() { Join(); }

  // A fixed number of polls at once.
  void Start(int threads, Poll poll);
  void Start(const PollerAutoscaling& scaling, Poll poll);
  // No new polls from now on; those under way go on.
  void Stop() { stop_.request_stop(); }
  bool stopped() const { return stop_.stop_requested(); }
  void Join();

 private:
  void AddThread();  // with the lock held
  void Loop();
  absl::StatusOr<PollResult> PollOnce();
  // Waits until one more poll is wanted; false if stopped.
  bool Enter();
  void Leave(const absl::StatusOr<PollResult>& polled);
  void Count(const char* metric) const;
  void Publish(int polling) const;

  const std::string type_;
  const std::string worker_type_;
  Slots& slots_;
  const Shared& shared_;
  RateLimiter limiter_;
  Poll poll_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  int polling_ = 0;  // or about to
  int wished_ = 0;
  std::optional<PollerScaling> scaling_;
  std::vector<std::thread> threads_;
};

}  // namespace temporal::worker
