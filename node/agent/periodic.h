#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace gpuaas::node {

// Does something again and again on a thread of its own, each time after the pause that the last one has asked for;
// until it is destroyed, which waits for the one in progress.
class Periodic {
 public:
  explicit Periodic(std::function<std::chrono::seconds()> act)
      : thread_([act = std::move(act)](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any stopping;
          std::unique_lock lock(mutex);
          while (!stop.stop_requested()) stopping.wait_for(lock, stop, act(), [] { return false; });
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace gpuaas::node
