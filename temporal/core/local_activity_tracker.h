#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "temporal/core/machines/local_activity.h"
#include "temporal/core/machines/requests.h"

namespace temporal::core {

struct StartLocalActivity {
  LocalActivityCall call;
};
// What the host of a run's local activities has to do.
using LocalActivityOrder = std::variant<StartLocalActivity, CancelLocalActivity>;

// The local activities of one run. Decides in which activation the code hears of each end, so that it hears of it in
// the same one when the run is replayed: live, each marker says which activation of its workflow task that was; in
// replay, markers are held back until then. Markers without that number are told as soon as their activity is known.
class LocalActivityTracker {
 public:
  explicit LocalActivityTracker(MachineSink& sink) : sink_(sink) {}

  // --- what the code asks for
  void Schedule(LocalActivityCall call, bool replaying, Time now);
  absl::Status Cancel(uint32_t seq);
  // The run is closing: nothing is begun or waited for any more.
  void Close() { closed_ = true; }

  // --- history. Activations are counted anew with each logical workflow task.
  void NewTask() { activation_ = 0; }
  void ActivationTaken() { ++activation_; }
  // A marker of the next workflow task, seen by looking ahead.
  void Peeked(const HistoryEvent& event, LocalActivityMarker marker);
  // Tells the code of ends whose time has come. `idle`: there is no other activation to wait for, the time of the next
  // ones has come.
  absl::Status TellForetold(bool idle);
  // A workflow task that is not replayed has started: what has no marker will get none, it has to run.
  void StopReplaying();
  // The machine of a marker, or null.
  std::shared_ptr<LocalActivityMachine> Find(uint32_t seq) const;
  void Recorded(uint32_t seq) { machines_.erase(seq); }

  // --- the host
  std::vector<LocalActivityOrder> TakeOrders();
  // Whether any runs whose end the code may want to hear of.
  bool any_running() const;
  void Resolve(LocalActivityResult result);

 private:
  struct Known {
    LocalActivityMarker marker;
    HistoryEvent event;  // without its attributes: for reports
  };

  bool Held(const Known& known) const { return known.marker.activation_index.value_or(0) > activation_; }
  absl::Status Foretell(const std::shared_ptr<LocalActivityMachine>& machine, std::deque<Known>::iterator known);
  // Takes back what the host has not been told yet.
  bool TakeBackStart(uint32_t seq);

  MachineSink& sink_;
  std::unordered_map<uint32_t, std::shared_ptr<LocalActivityMachine>> machines_;  // until the marker is in history
  std::deque<Known> known_;                                                       // in the order of history
  std::vector<LocalActivityOrder> orders_;
  uint64_t activation_ = 0;  // the next one's place in its workflow task
  bool closed_ = false;
};

}  // namespace temporal::core
