#include "temporal/core/machines/patch.h"

namespace temporal::core {

absl::Status PatchMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  const auto marker = PatchMarkerOf(event);
  if (!marker || recorded_) return Unexpected("a patch", event);
  if (marker->id != id_) return Differs("patch", id_, marker->id, event);
  recorded_ = true;
  return absl::OkStatus();
}

}  // namespace temporal::core
