#pragma once

#include "temporal/core/machines/machine.h"

namespace temporal::core {

// A command that has one event and no answer: upserts, and the commands that close a run.
class RecordedMachine : public Machine {
 public:
  explicit RecordedMachine(api::enums::v1::CommandType command) : command_(command) {}

  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  bool done() const override { return recorded_; }

 private:
  const api::enums::v1::CommandType command_;
  bool recorded_ = false;
};

}  // namespace temporal::core
