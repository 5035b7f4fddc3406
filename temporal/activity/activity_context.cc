#include "temporal/activity/activity_context.h"

#include <condition_variable>
#include <mutex>

#include "absl/strings/cord.h"

namespace temporal {

namespace {

constexpr char kPending[] = "temporal/result-pending";

}  // namespace

absl::Status ResultPending() {
  absl::Status status = absl::FailedPreconditionError("the activity's result comes from outside");
  status.SetPayload(kPending, absl::Cord());
  return status;
}

bool IsResultPending(const absl::Status& status) { return status.GetPayload(kPending).has_value(); }

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
