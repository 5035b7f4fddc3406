#include "temporal/core/local_activity_tracker.h"

#include <algorithm>
#include <utility>

namespace temporal::core {

using State = LocalActivityMachine::State;

void LocalActivityTracker::Schedule(LocalActivityCall call, bool replaying, Time now) {
  const uint32_t seq = call.seq;
  auto machine = std::make_shared<LocalActivityMachine>(std::move(call), replaying, now);
  if (!replaying) orders_.push_back(StartLocalActivity{machine->call()});
  machines_.emplace(seq, std::move(machine));
}

std::shared_ptr<LocalActivityMachine> LocalActivityTracker::Find(uint32_t seq) const {
  const auto found = machines_.find(seq);
  return found == machines_.end() ? nullptr : found->second;
}

absl::Status LocalActivityTracker::Cancel(uint32_t seq) {
  const auto machine = Find(seq);
  if (machine == nullptr) return absl::OkStatus();
  if (machine->state() == State::kAwaitingMarker) {
    machine->RequestCancel();
    // Live, the cancellation ended it at once, or did not: the marker says so, and when.
    const auto known =
        std::find_if(known_.begin(), known_.end(), [seq](const Known& each) { return each.marker.seq == seq; });
    if (known == known_.end() || Held(*known)) return absl::OkStatus();
    return Foretell(machine, known);
  }
  if (machine->state() != State::kRunning || machine->cancel_requested()) return absl::OkStatus();
  machine->RequestCancel();
  const ActivityCancellation cancellation = machine->call().options.cancellation;
  const bool never_started = TakeBackStart(seq);
  if (!never_started && cancellation != ActivityCancellation::kAbandon) orders_.push_back(CancelLocalActivity{seq});
  if (never_started || cancellation != ActivityCancellation::kWaitCompleted) {
    machine->ResolveCancelled(activation_, sink_);
  }
  return absl::OkStatus();
}

bool LocalActivityTracker::TakeBackStart(uint32_t seq) {
  return std::erase_if(orders_, [seq](const LocalActivityOrder& order) {
           const auto* start = std::get_if<StartLocalActivity>(&order);
           return start != nullptr && start->call.seq == seq;
         }) > 0;
}

void LocalActivityTracker::Peeked(const HistoryEvent& event, LocalActivityMarker marker) {
  const auto machine = Find(marker.seq);
  // What ended in this process, or was foretold before, needs no telling.
  if (machine != nullptr && machine->state() != State::kAwaitingMarker) return;
  HistoryEvent head;
  head.set_event_id(event.event_id());
  head.set_event_type(event.event_type());
  known_.push_back({std::move(marker), std::move(head)});
}

absl::Status LocalActivityTracker::TellForetold(bool idle) {
  // In the order of history: one that is not scheduled yet holds back those behind it.
  while (!known_.empty()) {
    const auto machine = Find(known_.front().marker.seq);
    if (machine == nullptr) break;
    if (Held(known_.front())) {
      if (!std::exchange(idle, false)) break;
      // Live there was an activation more, that of an update which was rejected: history does not know of it.
      activation_ = *known_.front().marker.activation_index;
    }
    if (absl::Status status = Foretell(machine, known_.begin()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status LocalActivityTracker::Foretell(const std::shared_ptr<LocalActivityMachine>& machine,
                                            std::deque<Known>::iterator known) {
  const Known told = std::move(*known);
  known_.erase(known);
  return machine->Foretell(told.marker, told.event, sink_);
}

void LocalActivityTracker::StopReplaying() {
  std::vector<uint32_t> seqs;
  for (const auto& [seq, machine] : machines_) {
    if (machine->StopReplaying()) seqs.push_back(seq);
  }
  std::sort(seqs.begin(), seqs.end());
  for (const uint32_t seq : seqs) {
    const auto& machine = machines_.at(seq);
    if (machine->cancel_requested()) {
      machine->ResolveCancelled(activation_, sink_);  // whoever was asked is gone
    } else {
      orders_.push_back(StartLocalActivity{machine->call()});
    }
  }
}

std::vector<LocalActivityOrder> LocalActivityTracker::TakeOrders() {
  std::vector<LocalActivityOrder> orders = std::exchange(orders_, {});
  if (closed_) orders.clear();
  return orders;
}

bool LocalActivityTracker::any_running() const {
  return !closed_ && std::any_of(machines_.begin(), machines_.end(),
                                 [](const auto& each) { return each.second->state() == State::kRunning; });
}

void LocalActivityTracker::Resolve(LocalActivityResult result) {
  if (const auto machine = Find(result.seq)) machine->Resolve(std::move(result), activation_, sink_);
}

}  // namespace temporal::core
