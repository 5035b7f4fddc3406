#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "temporal/activity/activity_context.h"
#include "temporal/worker/executor.h"
#include "temporal/worker/timers.h"

namespace temporal::worker {

// How long to keep quiet between two heartbeats: 0.8 of the heartbeat timeout, `standard` without one, never above
// `maximum`.
Duration HeartbeatInterval(Duration heartbeat_timeout, Duration standard, Duration maximum);

// Decides when heartbeats go out. Pure: the driver below tells it the time and does what it says.
class HeartbeatThrottle {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  explicit HeartbeatThrottle(Duration interval) : interval_(interval) {}

  struct Decision {
    bool send_now = false;
    std::optional<Instant> wake_at;  // call Wake then
  };
  // The activity recorded something.
  Decision Recorded(Instant now);
  // The time given earlier has come.
  Decision Wake(Instant now);
  // The heartbeat that was sent has been answered.
  Decision Answered(Instant now);
  bool pending() const { return pending_; }

 private:
  Decision Next(Instant now);

  const Duration interval_;
  bool pending_ = false;  // recorded and not yet sent
  bool sending_ = false;
  bool waking_ = false;  // a wake-up has been asked for
  std::optional<Instant> last_sent_;
};

// Why a running attempt was told to stop.
enum class StopReason { kNone, kCancelRequested, kPaused, kGone, kDeadline, kShutdown };

// The heartbeats of one attempt: sent from the executor, so that the activity never waits.
class AttemptHeartbeats : public HeartbeatSink, public std::enable_shared_from_this<AttemptHeartbeats> {
 public:
  // Sends the details; what the server's answer says about the attempt.
  using Send = std::function<StopReason(const Payloads& details)>;
  // Called once, with the first reason that is not kNone.
  using Stop = std::function<void(StopReason)>;

  AttemptHeartbeats(Duration interval, Executor& executor, Timers& timers, Send send, Stop stop);

  void Record(Payloads details) override;

  // The attempt is over: nothing is sent after this returns. Details that have not been sent, if any.
  std::optional<Payloads> Close();

 private:
  void Do(const HeartbeatThrottle::Decision& decision);
  void SendOne();

  Executor& executor_;
  Timers& timers_;
  const Send send_;
  const Stop stop_;
  std::mutex mutex_;
  std::condition_variable answered_;
  HeartbeatThrottle throttle_;
  Payloads details_;
  bool in_flight_ = false;
  bool closed_ = false;
  bool unsent_ = false;  // it was closed before the last one could go out
};

}  // namespace temporal::worker
