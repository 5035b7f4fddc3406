#pragma once

#include <string>

#include "temporal/core/machines/machine.h"

namespace temporal::core {

// The marker of a Patched or DeprecatePatch call.
//
// | history has           | the code calls  | outcome                                   |
// |-----------------------|-----------------|-------------------------------------------|
// | nothing, not replayed | Patched         | marker recorded, true                     |
// | nothing, replayed     | Patched         | false, no marker                          |
// | marker                | Patched         | true                                      |
// | deprecated marker     | Patched         | true                                      |
// | marker                | DeprecatePatch  | fine                                      |
// | deprecated marker     | nothing         | marker skipped                            |
// | marker                | nothing         | non-determinism                           |
class PatchMachine : public Machine {
 public:
  explicit PatchMachine(std::string id) : id_(std::move(id)) {}

  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  bool done() const override { return recorded_; }
  const std::string& id() const { return id_; }

 private:
  const std::string id_;
  bool recorded_ = false;
};

}  // namespace temporal::core
