#pragma once

#include <memory>
#include <string>
#include <utility>

#include "temporal/client/client.h"

namespace temporal {

// What the server says to a heartbeat about the attempt. The activity should end when one of them is set: by
// Cancelled() if its cancellation was requested, by Fail() if it was paused or reset.
struct HeartbeatAnswer {
  bool cancel_requested = false;
  bool paused = false;
  bool reset = false;
};

// An activity whose function has returned ResultPending(), to be completed from anywhere. Thread-safe; each function is
// one call to the server. Errors beside those of the client: kNotFound, nobody waits for the activity any more: it has
// ended or timed out, was retried (by token), or its workflow is over.
class UntypedAsyncActivity {
 public:
  // That one attempt (ActivityInfo::task_token).
  UntypedAsyncActivity(const Client& client, std::string task_token);
  // Whichever attempt runs.
  UntypedAsyncActivity(const Client& client, Execution execution, std::string activity_id);

  absl::Status CompleteUntyped(const Payloads& result);

  // Ends the attempt as if the activity had returned this status: retried as its policy says. `details`: what a later
  // attempt reads as LastHeartbeat(). kInvalidArgument: the status is OK.
  absl::Status Fail(const absl::Status& failure) { return FailUntyped(failure, Payloads()); }
  template <class T>
  absl::Status Fail(const absl::Status& failure, const T& details) {
    auto payloads = ToPayloads(details);
    if (!payloads.ok()) return payloads.status();
    return FailUntyped(failure, *payloads);
  }

  // Ends the activity as cancelled. kInvalidArgument or kFailedPrecondition: nobody has asked for that.
  absl::Status Cancelled() { return CancelledUntyped(Payloads()); }
  template <class T>
  absl::Status Cancelled(const T& details) {
    auto payloads = ToPayloads(details);
    if (!payloads.ok()) return payloads.status();
    return CancelledUntyped(*payloads);
  }

  // Says that the attempt is alive. Sent at once: nothing holds it back.
  absl::StatusOr<HeartbeatAnswer> Heartbeat() { return HeartbeatUntyped(Payloads()); }
  template <class T>
  absl::StatusOr<HeartbeatAnswer> Heartbeat(const T& details) {
    auto payloads = ToPayloads(details);
    if (!payloads.ok()) return payloads.status();
    return HeartbeatUntyped(*payloads);
  }

  absl::Status FailUntyped(const absl::Status& failure, const Payloads& details);
  absl::Status CancelledUntyped(const Payloads& details);
  absl::StatusOr<HeartbeatAnswer> HeartbeatUntyped(const Payloads& details);

 private:
  // Calls the method in the form for this kind of name. `read` makes the answer out of the response.
  template <class ByToken, class ById, class Fill, class Read>
  auto Send(const std::string& method, const Fill& fill, const Read& read);

  const std::shared_ptr<Transport> transport_;
  const ClientOptions options_;
  const std::string task_token_;  // empty: named by what follows
  const Execution execution_;
  const std::string activity_id_;
};

// The same for an activity whose result type is known:
//   temporal::AsyncActivity charge(client, kCharge, token);
//   charge.Complete(receipt);
template <class Request, class Result>
class AsyncActivity : public UntypedAsyncActivity {
 public:
  AsyncActivity(const Client& client, const ActivityRef<Request, Result>&, std::string task_token)
      : UntypedAsyncActivity(client, std::move(task_token)) {}
  AsyncActivity(const Client& client, const ActivityRef<Request, Result>&, Execution execution, std::string activity_id)
      : UntypedAsyncActivity(client, std::move(execution), std::move(activity_id)) {}

  absl::Status Complete(const Result& result) {
    auto payload = ToPayload(result);
    if (!payload.ok()) return payload.status();
    Payloads payloads;
    *payloads.add_payloads() = *std::move(payload);
    return CompleteUntyped(payloads);
  }
};

}  // namespace temporal
