#include "tests/conformance/kitchen_sink/steps.h"

#include "temporal/common/proto.h"

namespace temporal::kitchen_sink {
namespace {

template <class... Values>
Raw Arguments(const Values&... values) {
  return {internal::EncodeArguments(std::tuple<Values...>(values...))};
}

// A byte string of that length.
Bytes Filler(int32_t size) {
  Bytes bytes;
  for (int32_t i = 0; i < size; ++i) bytes.data.push_back(static_cast<char>(i));
  return bytes;
}

std::optional<RetryPolicy> PolicyOf(const auto& action) {
  if (!action.has_retry_policy()) return std::nullopt;
  return FromProto(action.retry_policy());
}

ActivityCancellation CancellationOf(proto::ActivityCancellationType type) {
  switch (type) {
    case proto::WAIT_CANCELLATION_COMPLETED:
      return ActivityCancellation::kWaitCompleted;
    case proto::ABANDON:
      return ActivityCancellation::kAbandon;
    default:
      return ActivityCancellation::kTryCancel;
  }
}

ChildCancellation CancellationOf(proto::ChildWorkflowCancellationType type) {
  switch (type) {
    case proto::CHILD_WF_TRY_CANCEL:
      return ChildCancellation::kTryCancel;
    case proto::CHILD_WF_WAIT_CANCELLATION_COMPLETED:
      return ChildCancellation::kWaitCompleted;
    case proto::CHILD_WF_WAIT_CANCELLATION_REQUESTED:
      return ChildCancellation::kWaitRequested;
    default:
      return ChildCancellation::kAbandon;
  }
}

}  // namespace

ActivityCall CallOf(const proto::ExecuteActivityAction& action) {
  switch (action.variant_case()) {
    case proto::ExecuteActivityAction::kGeneric:
      return {action.generic().type(), ToRaw(action.generic().arguments())};
    case proto::ExecuteActivityAction::kDelay:
      return {"delay", Arguments(action.delay())};
    case proto::ExecuteActivityAction::kNoop:
      return {"noop", {}};
    case proto::ExecuteActivityAction::kResources:
      return {"resources", Arguments(action.resources())};
    case proto::ExecuteActivityAction::kPayload:
      return {"payload", Arguments(Filler(action.payload().bytes_to_receive()), action.payload().bytes_to_return())};
    case proto::ExecuteActivityAction::kClient:
      return {"client", Arguments(action.client())};
    case proto::ExecuteActivityAction::kRetryableError:
      return {"retryable_error", Arguments(action.retryable_error())};
    case proto::ExecuteActivityAction::kTimeout:
      return {"timeout", Arguments(action.timeout())};
    case proto::ExecuteActivityAction::kHeartbeat:
      return {"heartbeat", Arguments(action.heartbeat())};
    default:
      throw ApplicationFailure("an activity that this worker does not know", "unsupported", /*non_retryable=*/true);
  }
}

ActivityOptions RemoteOptions(const proto::ExecuteActivityAction& action) {
  if (action.has_priority() || !action.fairness_key().empty() || action.fairness_weight() != 0) {
    throw ApplicationFailure("priority and fairness", "unsupported", /*non_retryable=*/true);
  }
  ActivityOptions options;
  options.task_queue = action.task_queue();
  options.schedule_to_close = FromProto(action.schedule_to_close_timeout());
  options.schedule_to_start = FromProto(action.schedule_to_start_timeout());
  options.start_to_close = FromProto(action.start_to_close_timeout());
  options.heartbeat = FromProto(action.heartbeat_timeout());
  options.retry_policy = PolicyOf(action);
  options.cancellation = CancellationOf(action.remote().cancellation_type());
  options.headers = ToPayloadMap(action.headers());
  return options;
}

LocalActivityOptions LocalOptions(const proto::ExecuteActivityAction& action) {
  LocalActivityOptions options;
  options.schedule_to_close = FromProto(action.schedule_to_close_timeout());
  options.schedule_to_start = FromProto(action.schedule_to_start_timeout());
  options.start_to_close = FromProto(action.start_to_close_timeout());
  options.retry_policy = PolicyOf(action);
  options.headers = ToPayloadMap(action.headers());
  return options;
}

ChildOptions OptionsOf(const proto::ExecuteChildWorkflowAction& action) {
  ChildOptions options(action.workflow_id());
  options.task_queue = action.task_queue();
  options.execution_timeout = FromProto(action.workflow_execution_timeout());
  options.run_timeout = FromProto(action.workflow_run_timeout());
  options.task_timeout = FromProto(action.workflow_task_timeout());
  // The numbers of both enumerations are the wire's; 0 leaves the default.
  if (action.parent_close_policy() != 0) {
    options.parent_close_policy = static_cast<ParentClosePolicy>(action.parent_close_policy());
  }
  if (action.workflow_id_reuse_policy() != 0) {
    options.id_reuse = static_cast<WorkflowIdReuse>(action.workflow_id_reuse_policy());
  }
  options.cancellation = CancellationOf(action.cancellation_type());
  options.retry_policy = PolicyOf(action);
  options.cron_schedule = action.cron_schedule();
  options.headers = ToPayloadMap(action.headers());
  options.memo = ToPayloadMap(action.memo());
  options.search_attributes = ToPayloadMap(action.search_attributes());
  return options;
}

ContinueAsNewOptions OptionsOf(const proto::ContinueAsNewAction& action) {
  ContinueAsNewOptions options;
  options.workflow_type = action.workflow_type();
  options.task_queue = action.task_queue();
  options.run_timeout = FromProto(action.workflow_run_timeout());
  options.task_timeout = FromProto(action.workflow_task_timeout());
  options.retry_policy = PolicyOf(action);
  options.headers = ToPayloadMap(action.headers());
  options.memo = ToPayloadMap(action.memo());
  options.search_attributes = ToPayloadMap(action.search_attributes());
  return options;
}

}  // namespace temporal::kitchen_sink
