#include "tests/conformance/kitchen_sink/workflow.h"

#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/workflow/errors.h"
#include "tests/conformance/kitchen_sink/steps.h"

namespace temporal::kitchen_sink {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view kType = "kitchenSink";

// A signal with an empty input starts the workflow without one, or with a null.
proto::WorkflowInput InputOf(const Raw& arguments) {
  if (arguments.list.payloads_size() == 0 || arguments.list.payloads(0).data().empty()) return {};
  auto input = FromPayloads<proto::WorkflowInput>(arguments.list);
  if (!input.ok()) throw ApplicationFailure(input.status());
  return *std::move(input);
}

template <class T>
Task<Nothing> Drop(Future<T> future) {
  co_await future;
  co_return Nothing{};
}

Task<Nothing> ResultOfChild(Future<ChildHandle<Payload>> started) {
  const ChildHandle<Payload> child = co_await started;
  co_await child.Result();
  co_return Nothing{};
}

}  // namespace

struct KitchenSink::Concurrent {
  int left = 0;
  Result result;
  std::exception_ptr error;
  bool ended() const { return left == 0 || result || error; }
};

Task<Payload> KitchenSink::Run(Raw arguments) {
  const Future<Payload> main = ctx_.Spawn(Main(InputOf(arguments)));
  // Whoever runs the action, the run continues as new from here.
  const auto ended = co_await AnyOf(main, ctx_.Until([this] { return next_.has_value(); }));
  if (ended.index() == 0) co_return std::get<0>(ended);
  ctx_.ContinueAsNew(ToRaw(next_->arguments()), OptionsOf(*next_));
}

Task<Payload> KitchenSink::Main(proto::WorkflowInput input) {
  received_.insert(input.received_signal_ids().begin(), input.received_signal_ids().end());
  running_ = true;
  for (int i = 0; i < input.initial_actions_size() && !result_; ++i) {
    if (Result result = co_await RunSet(input.initial_actions(i))) result_ = std::move(result);
  }
  while (!result_) {
    co_await ctx_.Until([this] { return result_ || !for_main_.empty(); });
    if (for_main_.empty()) break;
    const proto::ActionSet set = std::move(for_main_.front());
    for_main_.pop_front();
    if (Result result = co_await RunSet(set)) result_ = std::move(result);
  }
  co_await AwaitExpectedSignals(input);
  co_return *result_;
}

Task<void> KitchenSink::AwaitExpectedSignals(proto::WorkflowInput input) {
  std::set<int32_t> expected(input.expected_signal_ids().begin(), input.expected_signal_ids().end());
  if (expected.empty()) {
    for (int32_t id = 1; id <= input.expected_signal_count(); ++id) expected.insert(id);
  }
  const auto all_there = [this, expected] {
    return std::includes(received_.begin(), received_.end(), expected.begin(), expected.end());
  };
  if (all_there()) co_return;
  const Duration left = ctx_.info().execution_timeout - 10s;
  if (!co_await ctx_.UntilFor(all_there, left > 0s ? left : Duration(1min))) {
    throw ApplicationFailure("not every expected signal has come", "missing_signals");
  }
}

Task<void> KitchenSink::DoActionsSignal(proto::DoSignalActions signal) {
  co_await ctx_.Until([this] { return running_; });
  if (signal.signal_id() != 0 && !received_.insert(signal.signal_id()).second) co_return;  // sent twice
  if (signal.variant_case() == proto::DoSignalActions::kDoActionsInMain) {
    for_main_.push_back(signal.do_actions_in_main());
    co_return;
  }
  if (Result result = co_await RunSet(signal.do_actions())) result_ = std::move(result);
}

void KitchenSink::CheckUpdate(proto::DoActionsUpdate update) const {
  if (update.variant_case() == proto::DoActionsUpdate::kRejectMe) throw ApplicationFailure("rejected", "rejected");
}

Task<Payload> KitchenSink::DoActionsUpdate(proto::DoActionsUpdate update) {
  if (Result result = co_await RunSet(update.do_actions())) co_return *std::move(result);
  co_return internal::EncodeValue(state_);
}

Task<KitchenSink::Result> KitchenSink::RunSet(proto::ActionSet set) {
  if (!set.concurrent()) {
    for (int i = 0; i < set.actions_size(); ++i) {
      if (Result result = co_await RunAction(set.actions(i))) co_return result;
    }
    co_return std::nullopt;
  }
  const auto state = std::make_shared<Concurrent>();
  state->left = set.actions_size();
  for (const proto::Action& action : set.actions()) (void)ctx_.Spawn(RunBeside(action, state));
  co_await ctx_.Until([state] { return state->ended(); });
  if (state->error) std::rethrow_exception(state->error);
  co_return state->result;
}

Task<void> KitchenSink::RunBeside(proto::Action action, std::shared_ptr<Concurrent> set) {
  try {
    if (Result result = co_await RunAction(std::move(action))) set->result = std::move(result);
  } catch (const std::exception&) {
    set->error = std::current_exception();
  }
  --set->left;
}

Task<KitchenSink::Result> KitchenSink::RunAction(proto::Action action) {
  switch (action.variant_case()) {
    case proto::Action::kTimer:
      co_await RunTimer(action.timer());
      break;
    case proto::Action::kExecActivity:
      co_await RunActivity(action.exec_activity());
      break;
    case proto::Action::kExecChildWorkflow:
      co_await RunChild(action.exec_child_workflow());
      break;
    case proto::Action::kAwaitWorkflowState: {
      const proto::AwaitWorkflowState& awaited = action.await_workflow_state();
      co_await ctx_.Until([this, key = awaited.key(), value = awaited.value()] {
        const auto found = state_.kvs().find(key);
        return found != state_.kvs().end() && found->second == value;
      });
      break;
    }
    case proto::Action::kSendSignal:
      co_await SendSignal(action.send_signal());
      break;
    case proto::Action::kCancelWorkflow:
      co_await ctx_.External(action.cancel_workflow().workflow_id(), action.cancel_workflow().run_id()).Cancel();
      break;
    case proto::Action::kSetPatchMarker:
      co_return co_await RunPatched(action.set_patch_marker());
    case proto::Action::kUpsertSearchAttributes:
      ctx_.UpsertSearchAttributes(ToPayloadMap(action.upsert_search_attributes().search_attributes()));
      break;
    case proto::Action::kUpsertMemo:
      ctx_.UpsertMemo(ToPayloadMap(action.upsert_memo().upserted_memo().fields()));
      break;
    case proto::Action::kSetWorkflowState:
      state_ = action.set_workflow_state();
      break;
    case proto::Action::kReturnResult:
      co_return action.return_result().return_this();
    case proto::Action::kReturnError: {
      const auto& failure = action.return_error().failure();
      if (failure.has_application_failure_info()) throw ApplicationFailure(failure);
      throw ApplicationFailure(failure.message());
    }
    case proto::Action::kContinueAsNew:
      next_ = action.continue_as_new();
      co_await ctx_.Until([] { return false; });
      break;
    case proto::Action::kNestedActionSet:
      co_return co_await RunSet(action.nested_action_set());
    case proto::Action::kAwaitPendingActions:
      co_await AwaitPending();
      break;
    default:
      throw ApplicationFailure("an action that this worker does not know", "unsupported", /*non_retryable=*/true);
  }
  co_return std::nullopt;
}

Task<KitchenSink::Result> KitchenSink::RunPatched(proto::SetPatchMarkerAction patch) {
  if (patch.deprecated()) {
    ctx_.DeprecatePatch(patch.patch_id());
  } else if (!ctx_.Patched(patch.patch_id())) {
    co_return std::nullopt;
  }
  co_return co_await RunAction(patch.inner_action());
}

Task<void> KitchenSink::RunTimer(proto::TimerAction action) {
  const CancellationScope scope = ctx_.NewScope();
  const Future<Nothing> timer = scope.context().Sleep(std::chrono::milliseconds(action.milliseconds()));
  co_await Choose(action.awaitable_choice(), scope, timer, [this] { return ctx_.Sleep(1ms); });
}

Task<void> KitchenSink::RunActivity(proto::ExecuteActivityAction action) {
  const CancellationScope scope = ctx_.NewScope();
  const ActivityCall call = CallOf(action);
  const ActivityRef<Raw, Payload> activity(call.type);
  const Future<Payload> result = action.has_is_local()
                                     ? scope.context().ExecuteLocal(activity, call.arguments, LocalOptions(action))
                                     : scope.context().Execute(activity, call.arguments, RemoteOptions(action));
  co_await Choose(action.awaitable_choice(), scope, ctx_.Spawn(Drop(result)), [this] { return ctx_.Sleep(1ms); });
}

Task<void> KitchenSink::RunChild(proto::ExecuteChildWorkflowAction action) {
  const CancellationScope scope = ctx_.NewScope();
  const WorkflowRef<Raw, Payload> child(action.workflow_type().empty() ? kType : action.workflow_type());
  const Future<ChildHandle<Payload>> started =
      scope.context().StartChild(child, ToRaw(action.input()), OptionsOf(action));
  co_await Choose(action.awaitable_choice(), scope, ctx_.Spawn(ResultOfChild(started)),
                  [this, started] { return ctx_.Spawn(Drop(started)); });
}

Task<void> KitchenSink::SendSignal(proto::SendSignalAction action) {
  const CancellationScope scope = ctx_.NewScope();
  const SignalRef<Raw> signal(action.signal_name());
  const Future<Nothing> sent =
      scope.context().External(action.workflow_id(), action.run_id()).Signal(signal, ToRaw(action.args()));
  co_await Choose(action.awaitable_choice(), scope, sent, [sent] { return sent; });
}

Task<void> KitchenSink::AwaitPending() {
  const std::vector<Future<Nothing>> pending = std::move(pending_);
  pending_.clear();
  for (const Future<Nothing>& each : pending) co_await each;
}

Task<void> KitchenSink::Choose(proto::AwaitableChoice choice, CancellationScope scope, Future<Nothing> done,
                               std::function<Future<Nothing>()> started) {
  switch (choice.variant_case()) {
    case proto::AwaitableChoice::kAbandon:
      co_return;
    case proto::AwaitableChoice::kCancelBeforeStarted:
      scope.Cancel();
      break;
    case proto::AwaitableChoice::kCancelAfterStarted: {
      const Future<Nothing> start = started();
      co_await start;
      scope.Cancel();
      break;
    }
    case proto::AwaitableChoice::kCancelAfterCompleted:
      co_await done;
      scope.Cancel();
      co_return;
    case proto::AwaitableChoice::kWaitStarted: {
      const Future<Nothing> start = started();
      co_await start;
      pending_.push_back(done);
      co_return;
    }
    default:
      co_await done;
      co_return;
  }
  try {
    co_await done;
  } catch (const WorkflowFailure& failure) {
    if (!IsCancellation(failure)) throw;  // the cancellation was asked for
  }
}

void AddKitchenSink(WorkflowRegistry& registry) {
  registry.Add<KitchenSink>(kType)
      .Signal("do_actions_signal", &KitchenSink::DoActionsSignal)
      .Query("report_state", &KitchenSink::ReportState)
      .Update(UpdateRef<proto::DoActionsUpdate, Payload>("do_actions_update"), &KitchenSink::DoActionsUpdate,
              &KitchenSink::CheckUpdate);
}

}  // namespace temporal::kitchen_sink
