#pragma once

#include <cstdint>
#include <optional>

#include "temporal/core/history/local_activity_marker.h"
#include "temporal/core/machines/local_activity_host.h"
#include "temporal/core/machines/machine.h"

namespace temporal::core {

// A local activity: history has nothing of it but the marker that tells how it ended. While replaying the marker is
// found by looking ahead; what has none when replay ends is run.
class LocalActivityMachine : public Machine {
 public:
  LocalActivityMachine(LocalActivityCall call, bool replaying, Time now)
      : call_(std::move(call)), scheduled_at_(now), state_(replaying ? State::kAwaitingMarker : State::kRunning) {}

  enum class State {
    kAwaitingMarker,  // replaying: how it ended is not known yet
    kRunning,
    kTold,      // the workflow has been told, the marker is a command
    kForetold,  // the workflow has been told what the marker will say
    kRecorded,
  };
  State state() const { return state_; }
  const LocalActivityCall& call() const { return call_; }
  bool cancel_requested() const { return cancel_requested_; }

  // The marker's event.
  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  bool done() const override { return state_ == State::kRecorded; }

  // Replay is over without a marker. False if it is of no concern to this one.
  bool StopReplaying();
  // History says how it ended.
  absl::Status Foretell(const LocalActivityMarker& marker, const HistoryEvent& event, MachineSink& sink);
  // It has ended here. Ignored unless it is running. `activation_index`: of the activation that tells the code.
  void Resolve(LocalActivityResult result, uint64_t activation_index, MachineSink& sink);
  // The code does not want it any more.
  void RequestCancel() { cancel_requested_ = true; }
  void ResolveCancelled(uint64_t activation_index, MachineSink& sink);

 private:
  absl::Status Check(const LocalActivityMarker& marker, const HistoryEvent& event, MachineSink& sink) const;
  void Tell(const LocalActivityMarker& marker, MachineSink& sink) const;
  FailureMessage Wrap(const LocalActivityMarker& marker) const;

  const LocalActivityCall call_;
  const Time scheduled_at_;
  State state_;
  bool cancel_requested_ = false;
  bool failed_ = false;
};

}  // namespace temporal::core
