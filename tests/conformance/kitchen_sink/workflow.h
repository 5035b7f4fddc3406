#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "kitchen_sink.pb.h"
#include "temporal/workflow/registry.h"
#include "tests/conformance/kitchen_sink/raw.h"

namespace temporal::kitchen_sink {

namespace proto = omes::kitchen_sink;

// Does what the actions say that it was started with, signalled and asked to update itself with, until one of them
// returns, fails or continues as new.
class KitchenSink {
 public:
  explicit KitchenSink(Context context) : ctx_(std::move(context)) {}

  // One WorkflowInput, or none.
  Task<Payload> Run(Raw arguments);
  Task<void> DoActionsSignal(proto::DoSignalActions signal);
  void CheckUpdate(proto::DoActionsUpdate update) const;
  // What an action returned, or the state.
  Task<Payload> DoActionsUpdate(proto::DoActionsUpdate update);
  proto::WorkflowState ReportState() const { return state_; }

 private:
  using Result = std::optional<Payload>;  // set: the workflow, or the update, ends with it
  struct Concurrent;

  Task<Payload> Main(proto::WorkflowInput input);
  Task<void> AwaitExpectedSignals(proto::WorkflowInput input);
  Task<Result> RunSet(proto::ActionSet set);
  Task<void> RunBeside(proto::Action action, std::shared_ptr<Concurrent> set);
  Task<Result> RunAction(proto::Action action);
  Task<Result> RunPatched(proto::SetPatchMarkerAction patch);
  Task<void> RunTimer(proto::TimerAction action);
  Task<void> RunActivity(proto::ExecuteActivityAction action);
  Task<void> RunChild(proto::ExecuteChildWorkflowAction action);
  Task<void> SendSignal(proto::SendSignalAction action);
  Task<void> AwaitPending();
  // Awaits `done`, or cancels it, or leaves it, as the choice says. `started`: a future of its start.
  Task<void> Choose(proto::AwaitableChoice choice, CancellationScope scope, Future<Nothing> done,
                    std::function<Future<Nothing>()> started);

  Context ctx_;
  proto::WorkflowState state_;
  bool running_ = false;  // Run knows its input
  Result result_;
  std::optional<proto::ContinueAsNewAction> next_;
  std::deque<proto::ActionSet> for_main_;
  std::set<int32_t> received_;  // signals with an id
  std::vector<Future<Nothing>> pending_;
};

void AddKitchenSink(WorkflowRegistry& registry);

}  // namespace temporal::kitchen_sink
