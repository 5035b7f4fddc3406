#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

namespace gpuaas::activities {
class Dispatcher;
}

namespace gpuaas::worker {

// Sends what is left in the outbox, on a thread of its own: rows of an API that died after its commit, and those that
// activities write. Any number of replicas share the work. Ends with the object.
class Relay {
 public:
  // `dispatcher` must outlive the relay. `idle` is the pause after a round that found nothing.
  explicit Relay(activities::Dispatcher& dispatcher, std::chrono::milliseconds idle = std::chrono::milliseconds(200));

 private:
  void Run(std::stop_token stop);

  activities::Dispatcher& dispatcher_;
  const std::chrono::milliseconds idle_;
  std::jthread thread_;
};

}  // namespace gpuaas::worker
