#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/activity/interceptor.h"
#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/common/failure.h"
#include "temporal/common/observer.h"
#include "temporal/common/timers.h"
#include "temporal/common/versioning.h"
#include "temporal/worker/poller_scaling.h"
#include "temporal/worker/slot_supplier.h"
#include "temporal/workflow/interceptor.h"

namespace temporal {

class WorkflowRegistry;

struct WorkerOptions {
  WorkerOptions() {}
  explicit WorkerOptions(std::string queue) : task_queue(std::move(queue)) {}

  std::string task_queue;
  std::string identity;                   // empty: the client's
  std::string build_id;                   // recorded with each workflow task; empty: none, or the deployment's
  WorkerDeploymentOptions deployment;     // of which version the worker is, and whether it gets only its tasks
  int max_concurrent_workflow_tasks = 8;  // at least 2
  int max_concurrent_activities = 100;
  int max_concurrent_local_activities = 100;
  // In the place of the numbers above; null: fixed ones. They stay the limits of threads where a supplier knows none.
  std::shared_ptr<SlotSupplier> workflow_slots;
  std::shared_ptr<SlotSupplier> activity_slots;
  std::shared_ptr<SlotSupplier> local_activity_slots;
  int workflow_pollers = 2;  // of which half poll the sticky queue while the cache is on
  int activity_pollers = 2;
  // In the place of the numbers above; for workflows on each of the two queues.
  std::optional<PollerAutoscaling> workflow_poller_autoscaling;
  std::optional<PollerAutoscaling> activity_poller_autoscaling;
  // Begun per second; 0: without limit. Any of the first two turns eager activities off, which know no limits.
  double max_activities_per_second = 0;             // by this worker
  double max_task_queue_activities_per_second = 0;  // by all workers of the task queue; the server's last word
  double max_local_activities_per_second = 0;
  int sticky_cache_size = 1000;  // runs kept in memory; 0: every task replays from the start
  Duration sticky_schedule_to_start = std::chrono::seconds(10);
  // A workflow whose code runs so long without giving its thread back (it blocks, or never awaits) fails its task; the
  // worker goes on with a thread more. 0: never. Unset: 1 s, or never in a build with a sanitizer. Never while the
  // environment has TEMPORAL_DEBUG, for work with a debugger.
  std::optional<Duration> deadlock_detection_timeout;
  // What running activities get before they are cancelled, and local ones before they are given up.
  Duration graceful_shutdown = std::chrono::seconds(10);
  // Longest poll, at least 2 s; 0: 60 s if the server ends polls when a worker says it stops, else 10 s. Shutdown waits
  // for the polls under way: one that is cut off may take a task with it which the server has already handed out.
  Duration poll_timeout{0};
  Duration max_heartbeat_throttle = std::chrono::seconds(60);
  Duration default_heartbeat_throttle = std::chrono::seconds(30);  // for activities without a heartbeat timeout
  // Activities that a workflow task of this worker schedules on its own task queue are handed to it at once, with the
  // answer to the task, if it has slots for them. True: all go through the task queue.
  bool disable_eager_activities = false;
  int max_concurrent_eager_activities = 0;                                  // of max_concurrent_activities; 0: all
  std::vector<std::shared_ptr<ActivityInterceptor>> activity_interceptors;  // the first is the outermost
  std::vector<WorkflowInterceptorFactory> workflow_interceptors;            // the first is the outermost
  FailureHook failure_hook;                                                 // for what activities return
  // The clock of local activities, of the tasks that wait for them, and of the deadlock detector; null: the machine's.
  // For tests.
  std::shared_ptr<Timers> timers;
  std::shared_ptr<Observer> observer;  // null: silent
};

// Runs the workflows and activities of one task queue. Thread-safe.
class Worker {
 public:
  // The registries are copied. kInvalidArgument: no task queue, or both registries are empty; a deployment that uses
  // versioning without a whole version, or with a workflow of which nothing says whether its runs are pinned.
  static absl::StatusOr<std::unique_ptr<Worker>> Create(std::shared_ptr<Client> client,
                                                        const WorkflowRegistry& workflows,
                                                        const ActivityRegistry& activities, WorkerOptions options);
  virtual ~Worker() = default;  // shuts down if that has not been done

  // Asks the server for its capabilities, then begins to poll and returns.
  // kNotFound: no such namespace; kUnavailable: no server (try again).
  virtual absl::Status Start() = 0;

  // Stops polling, finishes every task already received (activities are cancelled after graceful_shutdown), reports
  // their results, tells the server and returns. Safe to call twice. Workflow code that never gives its thread back
  // keeps that thread, and the memory of this worker's workflows.
  virtual void Shutdown() = 0;

  // Drops every cached run, as if this worker had just started. For tests.
  virtual void EvictAll() = 0;
};

}  // namespace temporal
