#include "temporal/worker/heartbeat.h"

#include <algorithm>

namespace temporal::worker {

Duration HeartbeatInterval(Duration heartbeat_timeout, Duration standard, Duration maximum) {
  return std::min(maximum, heartbeat_timeout > Duration(0) ? heartbeat_timeout * 4 / 5 : standard);
}

HeartbeatThrottle::Decision HeartbeatThrottle::Recorded(Instant now) {
  pending_ = true;
  return Next(now);
}

HeartbeatThrottle::Decision HeartbeatThrottle::Wake(Instant now) {
  waking_ = false;
  return Next(now);
}

HeartbeatThrottle::Decision HeartbeatThrottle::Answered(Instant now) {
  sending_ = false;
  return Next(now);
}

HeartbeatThrottle::Decision HeartbeatThrottle::Next(Instant now) {
  if (!pending_ || sending_) return {};
  if (!last_sent_ || now >= *last_sent_ + interval_) {
    pending_ = false;
    sending_ = true;
    last_sent_ = now;
    return {.send_now = true, .wake_at = {}};
  }
  if (waking_) return {};
  waking_ = true;
  return {.send_now = false, .wake_at = *last_sent_ + interval_};
}

AttemptHeartbeats::AttemptHeartbeats(Duration interval, Executor& executor, Timers& timers, Send send, Stop stop)
    : executor_(executor), timers_(timers), send_(std::move(send)), stop_(std::move(stop)), throttle_(interval) {}

void AttemptHeartbeats::Record(Payloads details) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  details_ = std::move(details);
  Do(throttle_.Recorded(timers_.Now()));
}

void AttemptHeartbeats::Do(const HeartbeatThrottle::Decision& decision) {
  if (decision.send_now) {
    in_flight_ = true;
    executor_.Run([self = shared_from_this()] { self->SendOne(); });
  } else if (decision.wake_at) {
    timers_.At(*decision.wake_at, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      std::lock_guard lock(self->mutex_);
      if (!self->closed_) self->Do(self->throttle_.Wake(self->timers_.Now()));
    });
  }
}

void AttemptHeartbeats::SendOne() {
  std::unique_lock lock(mutex_);
  const Payloads details = details_;
  const bool closed = closed_;
  unsent_ = closed;
  lock.unlock();
  const StopReason reason = closed ? StopReason::kNone : send_(details);
  if (reason != StopReason::kNone) stop_(reason);
  lock.lock();
  in_flight_ = false;
  if (!closed_) Do(throttle_.Answered(timers_.Now()));
  answered_.notify_all();
}

std::optional<Payloads> AttemptHeartbeats::Close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  answered_.wait(lock, [this] { return !in_flight_; });
  if (!throttle_.pending() && !unsent_) return std::nullopt;
  return std::move(details_);
}

}  // namespace temporal::worker
