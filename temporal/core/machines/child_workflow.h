#pragma once

#include <cstdint>
#include <string>

#include "temporal/core/machines/machine.h"
#include "temporal/workflow/options.h"

namespace temporal::core {

class ChildWorkflowMachine : public Machine {
 public:
  // `command` starts the child, in the parent's namespace.
  ChildWorkflowMachine(uint32_t seq, std::string namespace_name,
                       const api::command::v1::StartChildWorkflowExecutionCommandAttributes& command,
                       ChildCancellation cancellation)
      : seq_(seq),
        namespace_(std::move(namespace_name)),
        workflow_id_(command.workflow_id()),
        type_(command.workflow_type().name()),
        cancellation_(cancellation) {}

  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  // Ignored once the child has ended.
  void Cancel(const std::string& reason, MachineSink& sink);
  bool dropped() const override { return state_ == State::kDropped; }
  bool done() const override { return state_ >= State::kEnded; }

  enum class State {
    kCreated,
    kInitiated,
    kStarted,
    kEnded,
    kDropped,
  };

 private:
  void Ended(const HistoryEvent& event, MachineSink& sink);
  void AskToCancel(MachineSink& sink);
  void Resolve(FailureMessage failure, MachineSink& sink);
  FailureMessage Wrap(std::string message, FailureMessage cause, int retry_state) const;
  FailureMessage Cancelled(std::string message) const;

  const uint32_t seq_;
  const std::string namespace_;
  const std::string workflow_id_;
  const std::string type_;
  const ChildCancellation cancellation_;
  State state_ = State::kCreated;
  bool cancel_requested_ = false;
  std::string cancel_reason_;
  bool ask_again_ = false;  // once it has started: it was not there yet
  bool resolved_ = false;   // the workflow has been told how it ended
  int64_t initiated_event_id_ = 0;
  int64_t started_event_id_ = 0;
  std::string run_id_;
};

}  // namespace temporal::core
