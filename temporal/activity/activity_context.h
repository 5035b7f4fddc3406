#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "temporal/common/time.h"
#include "temporal/converter/payload.h"

namespace temporal {

// One attempt of one activity.
struct ActivityInfo {
  std::string activity_id;
  std::string activity_type;
  std::string task_queue;
  std::string workflow_namespace;
  std::string workflow_id;
  std::string workflow_run_id;
  std::string workflow_type;
  std::string task_token;  // names this attempt to the server
  bool is_local = false;   // run inside its workflow's worker: no token, heartbeats go nowhere
  int attempt = 1;         // from 1
  Time scheduled_at;       // first attempt
  Time attempt_scheduled_at;
  Time started_at;
  std::optional<Time> deadline;   // of this attempt: the earlier of start-to-close and schedule-to-close
  Duration schedule_to_close{0};  // over all attempts; 0: none
  Duration heartbeat_timeout{0};  // 0: none
  std::map<std::string, Payload> headers;
};

// What an activity returns that is completed from outside later (client/async_activity.h), by its task token or by
// execution and activity id: the attempt goes on, its timeouts too, and its thread is free for another. Not for local
// activities, where it is a failure.
absl::Status ResultPending();
bool IsResultPending(const absl::Status& status);

// Where heartbeats go; the worker implements it.
class HeartbeatSink {
 public:
  virtual ~HeartbeatSink() = default;
  virtual void Record(Payloads details) = 0;
};

// What a running activity can ask and tell. Belongs to one attempt; its functions may be called from any thread while
// the activity runs.
class ActivityContext {
 public:
  ActivityContext(ActivityInfo info, Payloads last_details, std::stop_token stop, HeartbeatSink& heartbeats);

  const ActivityInfo& info() const { return info_; }

  // Says that the attempt is alive, with what a later attempt needs to go on. Cheap: calls are sent on at most every
  // 0.8 of the heartbeat timeout (30 s without one, never rarer than 60 s); the latest details win. Never blocks.
  template <class T>
  absl::Status Heartbeat(const T& details) {
    auto payloads = ToPayloads(details);
    if (!payloads.ok()) return payloads.status();
    heartbeats_.Record(*std::move(payloads));
    return absl::OkStatus();
  }
  void Heartbeat() { heartbeats_.Record({}); }

  // The details of the last heartbeat of an earlier attempt; nothing if there was none. kInvalidArgument: another type.
  template <class T>
  absl::StatusOr<std::optional<T>> LastHeartbeat() const {
    if (last_details_.payloads_size() == 0) return std::optional<T>();
    auto details = FromPayloads<T>(last_details_);
    if (!details.ok()) return details.status();
    return std::optional<T>(*std::move(details));
  }

  // Requested when the workflow cancels the activity, the server has given up the attempt, it is past its deadline, or
  // the worker stops without waiting any longer. Return Cancelled() then.
  bool cancelled() const { return stop_.stop_requested(); }
  std::stop_token stop_token() const { return stop_; }
  absl::Status Cancelled() const;

  // Waits so long, or until cancelled. True if the whole time has passed.
  bool Sleep(Duration duration) const;

 private:
  const ActivityInfo info_;
  const Payloads last_details_;
  const std::stop_token stop_;
  HeartbeatSink& heartbeats_;
};

}  // namespace temporal
