#pragma once

// The metrics that the SDK reports (observer.h), under the names of the Go SDK. Latencies are durations, the others are
// numbers without a unit. What each means, and its labels: temporal/worker/README.md.
namespace temporal::metrics {

inline constexpr char kWorkflowCompleted[] = "temporal_workflow_completed";
inline constexpr char kWorkflowCanceled[] = "temporal_workflow_canceled";
inline constexpr char kWorkflowFailed[] = "temporal_workflow_failed";
inline constexpr char kWorkflowContinueAsNew[] = "temporal_workflow_continue_as_new";
inline constexpr char kWorkflowEndToEndLatency[] = "temporal_workflow_endtoend_latency";

inline constexpr char kWorkflowTaskQueuePollEmpty[] = "temporal_workflow_task_queue_poll_empty";
inline constexpr char kWorkflowTaskQueuePollSucceed[] = "temporal_workflow_task_queue_poll_succeed";
inline constexpr char kWorkflowTaskScheduleToStartLatency[] = "temporal_workflow_task_schedule_to_start_latency";
inline constexpr char kWorkflowTaskExecutionLatency[] = "temporal_workflow_task_execution_latency";
inline constexpr char kWorkflowTaskExecutionFailed[] = "temporal_workflow_task_execution_failed";
inline constexpr char kWorkflowTaskReplayLatency[] = "temporal_workflow_task_replay_latency";
inline constexpr char kWorkflowTaskNoCompletion[] = "temporal_workflow_task_no_completion";

inline constexpr char kActivityPollNoTask[] = "temporal_activity_poll_no_task";
inline constexpr char kActivityScheduleToStartLatency[] = "temporal_activity_schedule_to_start_latency";
inline constexpr char kActivityExecutionFailed[] = "temporal_activity_execution_failed";
inline constexpr char kUnregisteredActivityInvocation[] = "temporal_unregistered_activity_invocation";
inline constexpr char kActivityExecutionLatency[] = "temporal_activity_execution_latency";
inline constexpr char kActivitySucceedEndToEndLatency[] = "temporal_activity_succeed_endtoend_latency";
inline constexpr char kActivityTaskError[] = "temporal_activity_task_error";

inline constexpr char kLocalActivityTotal[] = "temporal_local_activity_total";
inline constexpr char kLocalActivityExecutionCancelled[] = "temporal_local_activity_execution_cancelled";
inline constexpr char kLocalActivityExecutionFailed[] = "temporal_local_activity_execution_failed";
inline constexpr char kLocalActivityError[] = "temporal_local_activity_error";
inline constexpr char kLocalActivityExecutionLatency[] = "temporal_local_activity_execution_latency";
inline constexpr char kLocalActivitySucceedEndToEndLatency[] = "temporal_local_activity_succeed_endtoend_latency";

inline constexpr char kWorkerStart[] = "temporal_worker_start";
inline constexpr char kWorkerTaskSlotsAvailable[] = "temporal_worker_task_slots_available";
inline constexpr char kWorkerTaskSlotsUsed[] = "temporal_worker_task_slots_used";
inline constexpr char kPollerStart[] = "temporal_poller_start";
inline constexpr char kNumPollers[] = "temporal_num_pollers";

inline constexpr char kRequest[] = "temporal_request";
inline constexpr char kRequestFailure[] = "temporal_request_failure";
inline constexpr char kRequestLatency[] = "temporal_request_latency";
inline constexpr char kRequestResourceExhausted[] = "temporal_request_resource_exhausted";
inline constexpr char kLongRequest[] = "temporal_long_request";
inline constexpr char kLongRequestFailure[] = "temporal_long_request_failure";
inline constexpr char kLongRequestLatency[] = "temporal_long_request_latency";
inline constexpr char kLongRequestResourceExhausted[] = "temporal_long_request_resource_exhausted";

inline constexpr char kStickyCacheHit[] = "temporal_sticky_cache_hit";
inline constexpr char kStickyCacheMiss[] = "temporal_sticky_cache_miss";
inline constexpr char kStickyCacheTotalForcedEviction[] = "temporal_sticky_cache_total_forced_eviction";
inline constexpr char kStickyCacheSize[] = "temporal_sticky_cache_size";

}  // namespace temporal::metrics
