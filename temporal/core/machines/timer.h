#pragma once

#include <cstdint>
#include <string>

#include "temporal/core/machines/machine.h"

namespace temporal::core {

class TimerMachine : public Machine {
 public:
  TimerMachine(uint32_t seq, std::string timer_id) : seq_(seq), timer_id_(std::move(timer_id)) {}

  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  // The workflow's side knows of it already; a second one, or one that comes too late, is ignored.
  void Cancel(MachineSink& sink);
  bool dropped() const override { return state_ == State::kDropped; }
  bool done() const override { return state_ >= State::kFired; }

  enum class State { kCreated, kStarted, kCancelCreated, kFired, kCancelled, kDropped };

 private:
  const uint32_t seq_;
  const std::string timer_id_;
  State state_ = State::kCreated;
};

}  // namespace temporal::core
