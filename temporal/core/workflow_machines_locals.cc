#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/core/history/errors.h"
#include "temporal/core/workflow_machines.h"

// WorkflowMachines: local activities, and the logical workflow task that lasts as long as they do.
namespace temporal::core {

void WorkflowMachines::BeginTask(const HistoryReader::Chunk& chunk) {
  const auto any = [&](auto predicate) {
    return std::any_of(chunk.events.begin(), chunk.events.end(), [&](const EventPtr& e) { return predicate(*e); });
  };
  const bool heartbeat =
      !has_commands_ && !BringsUpdates(chunk) && !any([](const HistoryEvent& event) { return !IsTaskEvent(event); });
  if (heartbeat) return;  // chunks.h: replayed, it is part of the chunk before
  has_commands_ = any(IsCommandEvent) || std::exchange(had_commands_, false);
  has_started_ = false;
  goes_on_ = false;
  locals_.NewTask();
}

void WorkflowMachines::ResumeTask(std::optional<Time> time) {
  if (last_heartbeat_) {
    facts_ = *std::exchange(last_heartbeat_, std::nullopt);
    now_ = std::max(now_, facts_.started);
  }
  if (time) now_ = std::max(now_, *time);
}

absl::Status WorkflowMachines::ApplyLocalActivityMarker(const HistoryEvent& event, bool& by_command) {
  const auto marker = LocalActivityMarkerOf(event);
  if (!marker) return BadHistory(absl::StrCat("the local activity in ", Describe(event), " cannot be read"));
  const auto machine = locals_.Find(marker->seq);
  if (machine == nullptr) {
    return Nondeterminism(absl::StrCat("history has ", Describe(event), " of local activity ", marker->activity_id,
                                       " (", marker->activity_type, "), which the workflow's code does not run"));
  }
  by_command = machine->state() != LocalActivityMachine::State::kForetold;
  if (by_command) return absl::OkStatus();
  local_ended_ = true;
  locals_.Recorded(marker->seq);
  return machine->OnEvent(event, *this);
}

absl::Status WorkflowMachines::TellForetold() {
  if (absl::Status status = locals_.TellForetold(/*idle=*/false); !status.ok() || has_jobs()) return status;
  return locals_.TellForetold(/*idle=*/true);
}

}  // namespace temporal::core
