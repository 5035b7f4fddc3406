#include "temporal/worker/poller_scaling.h"

#include <algorithm>

namespace temporal::worker {

constexpr auto kPeriod = std::chrono::milliseconds(100);
constexpr double kGrowth = 1.1;

PollerScaling::PollerScaling(PollerAutoscaling bounds) : bounds_(bounds), target_(0) { Set(bounds.initial); }

void PollerScaling::Set(int target) {
  const int least = std::max(1, bounds_.minimum);
  target_ = std::clamp(target, least, std::max(least, bounds_.maximum));
}

void PollerScaling::Roll(Instant now) {
  if (!period_) period_ = now;
  const auto passed = (now - *period_) / kPeriod;
  if (passed == 0) return;
  *period_ += passed * kPeriod;
  // With several periods over, nothing came in the last of them.
  tasks_before_ = passed == 1 ? tasks_before_ : passed == 2 ? tasks_ : 0;
  const int tasks = passed == 1 ? tasks_ : 0;
  may_grow_ = tasks >= tasks_before_ * kGrowth;
  tasks_before_ = tasks;
  tasks_ = 0;
}

void PollerScaling::Polled(bool task, std::optional<int> suggestion, Instant now) {
  Roll(now);
  if (task) ++tasks_;
  if (suggestion) {
    server_scales_ = true;
    if (*suggestion < 0 || may_grow_) Set(target_ + *suggestion);
  } else if (!task && server_scales_) {
    Set(target_ - 1);
  }
}

void PollerScaling::Failed(absl::StatusCode code, Instant now) {
  Roll(now);
  if (server_scales_) Set(code == absl::StatusCode::kResourceExhausted ? target_ / 2 : target_ - 1);
}

}  // namespace temporal::worker
