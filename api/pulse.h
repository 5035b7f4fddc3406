#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "domain/status.h"
#include "platform/clock/clock.h"
#include "platform/log/log.h"
#include "platform/postgres/database.h"
#include "stores/nodes/heartbeats.h"

namespace gpuaas::api {

// Tells the database every few seconds that heartbeats can be received: silence of nodes while nobody listened does not
// count against them. Runs until it is destroyed.
class Pulse {
 public:
  static constexpr std::chrono::seconds kPeriod{5};

  Pulse(platform::Database& database, const platform::Clock& clock)
      : thread_([&database, &clock](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any changed;
          std::unique_lock lock(mutex);
          do {
            absl::Status status = database.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
              return stores::RecordPulse(tx, "api", clock.Now());
            });
            if (!status.ok()) platform::LogWarning("pulse missed", {{"error", ToStd(status.message())}});
          } while (!changed.wait_for(lock, stop, kPeriod, [&] { return stop.stop_requested(); }));
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace gpuaas::api
