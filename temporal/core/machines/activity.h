#pragma once

#include <cstdint>
#include <string>

#include "temporal/common/activity_options.h"
#include "temporal/core/machines/machine.h"

namespace temporal::core {

class ActivityMachine : public Machine {
 public:
  ActivityMachine(uint32_t seq, std::string activity_id, std::string activity_type, ActivityCancellation cancellation)
      : seq_(seq), id_(std::move(activity_id)), type_(std::move(activity_type)), cancellation_(cancellation) {}

  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  // Ignored once the activity has ended.
  void Cancel(MachineSink& sink);
  bool dropped() const override { return state_ == State::kDropped; }
  bool done() const override { return state_ == State::kEnded || state_ == State::kDropped; }

  enum class State {
    kCreated,
    kScheduled,
    kStarted,
    kCancelCreated,         // the request is a command, not yet an event
    kCancelCreatedStarted,  // the same, of a started activity
    kCancelRequested,
    kAbandoned,  // events to come are of no interest
    kEnded,
    kDropped,
  };

 private:
  void Ended(const HistoryEvent& event, MachineSink& sink);
  FailureMessage Wrap(std::string message, FailureMessage cause, int retry_state) const;
  FailureMessage Cancelled(const api::common::v1::Payloads* details) const;

  const uint32_t seq_;
  const std::string id_;
  const std::string type_;
  const ActivityCancellation cancellation_;
  State state_ = State::kCreated;
  bool resolved_ = false;  // the workflow has been told how it ended
  int64_t scheduled_event_id_ = 0;
  int64_t started_event_id_ = 0;
  std::string identity_;
};

}  // namespace temporal::core
