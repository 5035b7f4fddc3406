#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/activity/activity_context.h"
#include "temporal/activity/registry.h"

namespace temporal::testing {

// Runs activities on the caller's thread, one attempt per call, without worker or server: heartbeats are recorded, and
// nothing is retried or timed out. Heartbeats and Cancel are thread-safe; the rest is set up before Execute.
class ActivityEnvironment : private HeartbeatSink {
 public:
  // What the activity reads of its attempt; tests change what matters to them. The type is set by Execute.
  ActivityInfo info = DefaultInfo();

  // What the activity finds as the last heartbeat of an earlier attempt. kInvalidArgument: it cannot be encoded.
  template <class T>
  absl::Status SetLastHeartbeat(const T& details) {
    auto payloads = ToPayloads(details);
    if (!payloads.ok()) return payloads.status();
    last_details_ = *std::move(payloads);
    return absl::OkStatus();
  }

  // Called with each heartbeat, on the thread that sends it, after it was recorded; the place to call Cancel from.
  void OnHeartbeat(std::function<void()> function) { on_heartbeat_ = std::move(function); }

  // The activity is asked to stop, now or, if none runs, from the beginning; it stays so.
  void Cancel() { stop_.request_stop(); }

  // The details of all heartbeats so far, throttled by nobody. kInvalidArgument: one is of another type.
  template <class T>
  absl::StatusOr<std::vector<T>> Heartbeats() const {
    std::lock_guard lock(mutex_);
    std::vector<T> all;
    for (const Payloads& details : heartbeats_) {
      auto value = FromPayloads<T>(details);
      if (!value.ok()) return value.status();
      all.push_back(*std::move(value));
    }
    return all;
  }
  // Those without details count too.
  size_t heartbeat_count() const;

  // One attempt, through the converter as in a worker. Errors: what the activity returns; kInternal if it throws;
  // kUnimplemented if the registry does not know it.
  template <class Request, class Result>
  absl::StatusOr<Result> Execute(const ActivityRegistry& activities, const ActivityRef<Request, Result>& activity,
                                 const std::type_identity_t<Request>& request) {
    auto input = ToPayloads(request);
    if (!input.ok()) return input.status();
    auto result = ExecuteUntyped(activities, activity.name, *input);
    if (!result.ok()) return result.status();
    return FromPayload<Result>(*result);
  }
  // The same for a function that is in no registry: absl::StatusOr<Result>(ActivityContext&, Request), or absl::Status.
  template <class Request, class Result, class F>
  absl::StatusOr<Result> Execute(const ActivityRef<Request, Result>& activity, F function,
                                 const std::type_identity_t<Request>& request) {
    ActivityRegistry activities;
    activities.Add(activity, std::move(function));
    return Execute(activities, activity, request);
  }
  absl::StatusOr<Payload> ExecuteUntyped(const ActivityRegistry& activities, std::string_view type,
                                         const Payloads& input);

 private:
  static ActivityInfo DefaultInfo();
  void Record(Payloads details) override;

  Payloads last_details_;
  std::function<void()> on_heartbeat_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::vector<Payloads> heartbeats_;
};

}  // namespace temporal::testing
