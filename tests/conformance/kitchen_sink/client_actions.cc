#include "tests/conformance/kitchen_sink/client_actions.h"

#include <thread>
#include <vector>

#include "temporal/common/proto.h"
#include "tests/conformance/kitchen_sink/raw.h"

namespace temporal::kitchen_sink {
namespace {

namespace proto = omes::kitchen_sink;

constexpr std::string_view kType = "kitchenSink";

// A call of a handler: its name and arguments.
struct Call {
  std::string name;
  Payloads arguments;
};

template <class Message>
absl::StatusOr<Call> CallWith(std::string_view name, const Message& argument) {
  auto arguments = ToPayloads(argument);
  if (!arguments.ok()) return arguments.status();
  return Call{std::string(name), *std::move(arguments)};
}
Call Custom(const proto::HandlerInvocation& custom) { return {custom.name(), ToRaw(custom.args()).list}; }

class ClientActions {
 public:
  ClientActions(Client& client, ActivityContext& context) : client_(client), context_(context) {}

  absl::Status Run(const proto::ClientActionSet& set) {
    if (set.wait_for_current_run_to_finish_at_end()) return absl::UnimplementedError("waiting for the end of this run");
    absl::Status status = set.concurrent() ? RunConcurrently(set) : RunInOrder(set);
    if (status.ok() && !context_.Sleep(FromProto(set.wait_at_end()))) status = context_.Cancelled();
    return status;
  }

 private:
  absl::Status RunInOrder(const proto::ClientActionSet& set) {
    for (const auto& action : set.actions()) {
      if (const absl::Status status = Run(action); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status RunConcurrently(const proto::ClientActionSet& set) {
    std::vector<absl::Status> ends(set.actions_size());
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < set.actions_size(); ++i) {
        threads.emplace_back([this, &set, &ends, i] { ends[i] = Run(set.actions(i)); });
      }
    }
    absl::Status all;
    for (const absl::Status& each : ends) all.Update(each);
    return all;
  }

  absl::Status Run(const proto::ClientAction& action) {
    switch (action.variant_case()) {
      case proto::ClientAction::kDoSignal:
        return Signal(action.do_signal());
      case proto::ClientAction::kDoQuery:
        return Expected(Query(action.do_query()), action.do_query().failure_expected());
      case proto::ClientAction::kDoUpdate:
        return Expected(Update(action.do_update()), action.do_update().failure_expected());
      case proto::ClientAction::kNestedActions:
        return Run(action.nested_actions());
      case proto::ClientAction::kDoDescribe:
        return client_.Describe(Workflow()).status();
      default:
        return absl::UnimplementedError("a client's action that this worker does not know");
    }
  }

  static absl::Status Expected(absl::Status status, bool may_fail) { return may_fail ? absl::OkStatus() : status; }

  absl::Status Signal(const proto::DoSignal& signal) {
    const auto call =
        signal.has_custom() ? Custom(signal.custom()) : CallWith("do_actions_signal", signal.do_signal_actions());
    if (!call.ok()) return call.status();
    if (!signal.with_start()) return client_.SignalUntyped(Workflow(), call->name, call->arguments);
    return client_.SignalWithStartUntyped(kType, {}, call->name, call->arguments, Start()).status();
  }

  absl::Status Query(const proto::DoQuery& query) {
    const Call call = query.has_custom() ? Custom(query.custom()) : Call{"report_state", query.report_state()};
    return client_.QueryUntyped(Workflow(), call.name, call.arguments, std::chrono::seconds(10)).status();
  }

  absl::Status Update(const proto::DoUpdate& update) {
    const auto call =
        update.has_custom() ? Custom(update.custom()) : CallWith("do_actions_update", update.do_actions());
    if (!call.ok()) return call.status();
    if (update.with_start()) {
      return OutcomeOf(
          client_.UpdateWithStartUntyped(kType, {}, call->name, call->arguments, Start(), UpdateOptions()));
    }
    const auto asked = client_.UpdateUntyped(Workflow(), call->name, call->arguments, UpdateOptions());
    return asked.ok() ? client_.GetUpdateResultUntyped(*asked, temporal::Duration(0)).status() : asked.status();
  }
  absl::Status OutcomeOf(const absl::StatusOr<std::pair<Started, UntypedUpdate>>& asked) {
    return asked.ok() ? client_.GetUpdateResultUntyped(asked->second, temporal::Duration(0)).status() : asked.status();
  }

  std::string Workflow() const { return context_.info().workflow_id; }
  StartOptions Start() const {
    StartOptions options(Workflow(), context_.info().task_queue);
    options.conflict = IdConflictPolicy::kUseExisting;
    return options;
  }

  Client& client_;
  ActivityContext& context_;
};

}  // namespace

absl::Status RunClientActions(Client& client, ActivityContext& context, const proto::ClientSequence& sequence) {
  ClientActions actions(client, context);
  for (const auto& set : sequence.action_sets()) {
    if (const absl::Status status = actions.Run(set); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace temporal::kitchen_sink
