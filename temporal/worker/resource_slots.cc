#include "temporal/worker/resource_slots.h"

#include <algorithm>

namespace temporal {

constexpr auto kLookAgain = std::chrono::milliseconds(10);

double ResourceController::Pid::Update(const ResourceTargets& gains, double error, double seconds) {
  error_sum += error * seconds;
  const double slope = (error - last_error) / seconds;
  last_error = error;
  return gains.proportional * error + gains.integral * error_sum + gains.derivative * slope;
}

bool ResourceController::MayAdd(Instant now) {
  const std::lock_guard lock(mutex_);
  const auto usage = probe_->Read();
  if (!usage.ok() || usage->memory >= targets_.memory) return false;
  const double elapsed = last_ ? std::chrono::duration<double>(now - *last_).count() : 1;
  const double seconds = std::max(elapsed, 0.001);
  last_ = now;
  const double memory = memory_.Update(targets_, targets_.memory - usage->memory, seconds);
  const double cpu = cpu_.Update(targets_, targets_.cpu - usage->cpu, seconds);
  return memory > targets_.memory_threshold && cpu > targets_.cpu_threshold;
}

bool ResourceBasedSlotSupplier::TryAt(Instant now) {
  if (issued_ >= options_.maximum) return false;
  if (issued_ >= options_.minimum) {
    if (last_issued_ && now - *last_issued_ < options_.ramp_throttle) return false;
    if (!controller_->MayAdd(now)) return false;
    last_issued_ = now;
  }
  ++issued_;
  return true;
}

bool ResourceBasedSlotSupplier::TryReserve(const SlotInfo& info) {
  const std::lock_guard lock(mutex_);
  return TryAt(std::chrono::steady_clock::now());
}

bool ResourceBasedSlotSupplier::Reserve(const SlotInfo& info, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Instant now = std::chrono::steady_clock::now();
    if (TryAt(now)) return true;
    // The machine does not tell when it has room again.
    const Instant ramp = last_issued_.value_or(now) + options_.ramp_throttle;
    freed_.wait_until(lock, stop, std::max<Instant>(ramp, now + kLookAgain),
                      [this] { return issued_ < options_.minimum; });
  }
  return false;
}

void ResourceBasedSlotSupplier::Release(const SlotInfo& info, bool used) {
  {
    const std::lock_guard lock(mutex_);
    --issued_;
  }
  freed_.notify_one();
}

}  // namespace temporal
