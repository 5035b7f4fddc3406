#include "temporal/activity/activity_context.h"

#include <condition_variable>
#include <mutex>

namespace temporal {

ActivityContext::ActivityContext(ActivityInfo info, Payloads last_details, std::stop_token stop,
                                 HeartbeatSink& heartbeats)
    : info_(std::move(info)), last_details_(std::move(last_details)), stop_(std::move(stop)), heartbeats_(heartbeats) {}

absl::Status ActivityContext::Cancelled() const { return absl::CancelledError("the activity was cancelled"); }

bool ActivityContext::Sleep(Duration duration) const {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop_, duration, [] { return false; });
  return !stop_.stop_requested();
}

}  // namespace temporal
