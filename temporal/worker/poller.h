#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "temporal/common/observer.h"
#include "temporal/transport/retry.h"
#include "temporal/worker/slots.h"

namespace temporal::worker {

// Threads that poll for tasks of one kind until stopped.
class Poller {
 public:
  // One long poll. OK and true: there was a task, and `Poll` has handed it on with its slot; false: no task.
  using Poll = std::function<absl::StatusOr<bool>()>;

  Poller(std::string name, Slots& slots, Observer& observer)
      : name_(std::move(name)), slots_(slots), observer_(observer) {}
  ~Poller() { Join(); }

  void Start(int threads, const Poll& poll);
  // No new polls from now on; those under way go on.
  void Stop() { stop_.request_stop(); }
  bool stopped() const { return stop_.stop_requested(); }
  void Join();

 private:
  void Loop(const Poll& poll);

  const std::string name_;
  Slots& slots_;
  Observer& observer_;
  std::stop_source stop_;
  std::vector<std::thread> threads_;
};

}  // namespace temporal::worker
