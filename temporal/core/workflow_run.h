#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/core/history/reader.h"
#include "temporal/core/workflow_instance.h"
#include "temporal/core/workflow_machines.h"
#include "temporal/core/workflow_task_handler.h"

namespace temporal::core {

// One run in the cache: its machines and its code. Used by one thread at a time.
class WorkflowRun {
 public:
  WorkflowRun(const internal::WorkflowFactory& factory, WorkflowInfo info, const WorkflowTaskHandlerOptions& options);

  // Whether history that begins with this event, of a task that follows the one started by `previous_started_event_id`,
  // continues what the run knows. The answer to a heartbeat may bring the whole history.
  bool Continues(int64_t first_event_id, int64_t previous_started_event_id) const {
    const int64_t next = machines_.next_event_id();
    return first_event_id == next || (heartbeat_ && first_event_id == 1 && previous_started_event_id == next - 1);
  }

  // Watches the code from now on; null: nobody does. When it gives the code up, all below fail with kAborted.
  void set_guard(ActivationGuard* guard) { guard_ = guard; }
  // It has done so: the run has to be dropped.
  bool given_up() const { return given_up_; }

  // Takes in the history of a workflow task and runs the code as far as it goes. Errors: those of WorkflowMachines and
  // of WorkflowInstance::Activate; the run has to be dropped after one.
  absl::Status Progress(HistoryReader reader, int64_t previous_started_event_id,
                        std::vector<UpdateRequest> updates = {});

  enum class Locals {
    kEnded,
    kRunning,  // the task has to be answered before its time is up, and to be followed by another
    kGivenUp,  // the host is stopping
  };
  // Runs the local activities that the code has asked for, and the code with what came of them, until none is left or
  // the time has come. `wait`: false if the task cannot wait for them. Errors as of Progress.
  absl::StatusOr<Locals> RunLocals(LocalActivityHost::Instant until, bool wait);
  const WorkflowInfo& info() const { return instance_->info(); }

  // Errors: WorkflowInstance::Query; kFailedPrecondition if history has no start.
  absl::StatusOr<Payload> Query(const api::query::v1::WorkflowQuery& query);

  // There is something to answer to the task: neither replaying nor closed.
  bool MayReply() const { return !machines_.replaying() && !machines_.closed_in_history(); }
  // The state is that of the last completed task, so that the next one continues it.
  bool Settled() const { return !machines_.partial() && !machines_.has_unsent_commands(); }
  WorkflowMachines& machines() { return machines_; }

 private:
  template <class Code>
  auto Guarded(Code code) -> decltype(code());
  absl::Status DoJobs();
  absl::Status GiveOrders();
  Moment MomentNow(bool replaying) const;

  WorkflowMachines machines_;
  const std::unique_ptr<WorkflowInstance> instance_;
  const std::string workflow_type_;
  Observer& observer_;
  ActivationGuard* guard_ = nullptr;  // of the current task
  bool given_up_ = false;
  LocalActivityHost* const host_;
  std::unique_ptr<LocalActivityRun> locals_;  // null: none was ever run
  bool heartbeat_ = false;                    // the last task was answered while some ran
};

}  // namespace temporal::core
