#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "temporal/api/command/v1/message.pb.h"
#include "temporal/api/protocol/v1/message.pb.h"
#include "temporal/common/time.h"
#include "temporal/core/history/events.h"
#include "temporal/core/machines/jobs.h"

// A state machine follows one step of a workflow through its history: a timer, an activity... Each lies in its own
// file, its transitions at the top. Inputs are the event types, and these from the workflow's side:
namespace temporal::core {

inline constexpr int kCancelInput = -1;
inline constexpr int kAbandonInput = -2;

template <class State>
struct Transition {
  State from;
  int input;
  State to;
};

// Moves `state` along `table`; false if it has no such transition.
template <class State, size_t N>
bool Advance(const Transition<State> (&table)[N], State& state, int input) {
  for (const auto& transition : table) {
    if (transition.from == state && transition.input == input) {
      state = transition.to;
      return true;
    }
  }
  return false;
}

class Machine;

// What machines may do.
class MachineSink {
 public:
  virtual ~MachineSink() = default;
  virtual void PushJob(Job job) = 0;
  // Whether ids and types are compared: old histories were made without.
  virtual bool ChecksIds() = 0;
  // A further command of `machine`, whose event goes to it.
  virtual void IssueCommand(std::shared_ptr<Machine> machine, api::command::v1::Command command) = 0;
  // The code goes on within its workflow task, not before that time.
  virtual void ResumeTask(std::optional<Time> time) = 0;
  // A protocol message for the server; none is sent while replaying.
  virtual void SendMessage(api::protocol::v1::Message message) = 0;
  // Asks another workflow to cancel on the engine's own account; `answered` runs when it is known whether that got
  // there.
  virtual void IssueCancelExternal(api::command::v1::Command command, std::function<void(bool delivered)> answered) = 0;
};

class Machine : public std::enable_shared_from_this<Machine> {
 public:
  virtual ~Machine() = default;

  // An event that answers this machine's command, or follows it. Errors: Nondeterminism if it does not fit.
  virtual absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) = 0;

  // Cancelled before its command was sent: the command is taken back.
  virtual bool dropped() const { return false; }

  // No event can concern it any more.
  virtual bool done() const = 0;

 protected:
  // The error for an event without a transition.
  static absl::Status Unexpected(std::string_view machine, const HistoryEvent& event);
  // The error for an event that belongs to another step: "activity type 'a' of the workflow, 'b' in
  // ActivityTaskScheduled".
  static absl::Status Differs(std::string_view what, std::string_view in_workflow, std::string_view in_history,
                              const HistoryEvent& event);
};

}  // namespace temporal::core
