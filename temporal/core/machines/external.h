#pragma once

#include <cstdint>
#include <functional>

#include "temporal/core/machines/machine.h"

namespace temporal::core {

// A signal to another workflow.
class SignalExternalMachine : public Machine {
 public:
  explicit SignalExternalMachine(uint32_t seq) : seq_(seq) {}

  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  // Takes the signal back if it has not been sent; ignored otherwise.
  void Cancel(MachineSink& sink);
  bool dropped() const override { return state_ == State::kDropped; }
  bool done() const override { return state_ >= State::kEnded; }

  enum class State { kCreated, kInitiated, kEnded, kDropped };

 private:
  const uint32_t seq_;
  State state_ = State::kCreated;
};

// A cancellation request to another workflow.
class CancelExternalMachine : public Machine {
 public:
  // Requests of the workflow's code have a seq; those of the engine have 0 and `answered`.
  explicit CancelExternalMachine(uint32_t seq, std::function<void(bool delivered)> answered = nullptr)
      : seq_(seq), answered_(std::move(answered)) {}

  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  bool done() const override { return state_ == State::kEnded; }

  enum class State { kCreated, kInitiated, kEnded };

 private:
  const uint32_t seq_;
  const std::function<void(bool delivered)> answered_;
  State state_ = State::kCreated;
};

}  // namespace temporal::core
