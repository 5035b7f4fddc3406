#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/common/observer.h"
#include "temporal/common/time.h"
#include "temporal/common/versioning.h"
#include "temporal/core/flags.h"
#include "temporal/core/history/reader.h"
#include "temporal/core/local_activity_tracker.h"
#include "temporal/core/machines/activity.h"
#include "temporal/core/machines/child_workflow.h"
#include "temporal/core/machines/external.h"
#include "temporal/core/machines/machine.h"
#include "temporal/core/machines/requests.h"
#include "temporal/core/machines/timer.h"
#include "temporal/core/machines/update.h"
#include "temporal/workflow/info.h"

namespace temporal::core {

// One run's view of its history: applies events chunk by chunk, turns them into jobs for the workflow's code, takes the
// code's requests, and matches the commands these make with the events that follow. Pure: no I/O but through the reader
// it is given. Errors: Nondeterminism, BadHistory, Unreachable (history/errors.h); the run is of no use afterwards.
class WorkflowMachines : private MachineSink {
 public:
  // `own_version`: of this worker.
  WorkflowMachines(std::string namespace_name, std::string run_id, Observer& observer,
                   WorkerDeploymentVersion own_version = WorkerDeploymentVersion())
      : namespace_(std::move(namespace_name)),
        run_id_(std::move(run_id)),
        observer_(observer),
        own_version_(std::move(own_version)) {}

  // What came with a workflow task.
  void NewTask(HistoryReader reader, int64_t previous_started_event_id, std::vector<UpdateRequest> updates);

  // The server dropped the task started by event `started`, a speculative one: the next begins after event `to` again.
  // No effect if that task is not the last one. False: the state from before is not known, the run is of no use.
  bool Rewind(int64_t started, int64_t to);

  // Applies the next chunk; false when there is none. To be called only when all jobs of the one before are done.
  absl::StatusOr<bool> ApplyNextChunk();

  bool has_jobs() const { return !jobs_.empty(); }
  // The jobs of the next activation, in the order in which they apply.
  std::vector<Job> TakeJobs();

  // What the code asked for in an activation; may produce jobs at once.
  absl::Status ApplyRequests(std::vector<Request> requests);

  // The local activities: what to do, whether to wait, what came of it.
  LocalActivityTracker& locals() { return locals_; }

  // Commands that are neither in history nor sent yet, in order: the answer to the task. They count as sent afterwards.
  std::vector<Command> TakeCommands();
  bool has_unsent_commands() const;
  // Protocol messages that go with them.
  std::vector<api::protocol::v1::Message> TakeMessages() { return std::exchange(messages_, {}); }
  api::sdk::v1::WorkflowTaskCompletedMetadata CollectMetadata() { return flags_.Collect(); }

  // Facts for the code and for the reply.
  bool replaying() const { return replaying_; }
  bool closed_in_history() const { return closed_in_history_; }
  // The history so far does not end with a started task.
  bool partial() const { return partial_; }
  // A new task of this run has to begin with this event.
  int64_t next_event_id() const { return started_event_id_ + 1; }
  Time now() const { return now_; }
  int64_t history_length() const { return facts_.length; }
  int64_t history_bytes() const { return facts_.bytes; }
  bool continue_as_new_suggested() const { return facts_.continue_as_new_suggested; }
  const std::vector<ContinueAsNewReason>& continue_as_new_reasons() const { return facts_.continue_as_new_reasons; }
  bool target_deployment_version_changed() const { return facts_.target_deployment_version_changed; }
  // Of the worker that completed the task of the last chunk, or that is about to.
  const WorkerDeploymentVersion& deployment_version() const { return deployment_version_; }

 private:
  // What the code may know of the workflow task it runs in.
  struct TaskFacts {
    int64_t length = 0;
    int64_t bytes = 0;
    bool continue_as_new_suggested = false;
    std::vector<ContinueAsNewReason> continue_as_new_reasons;
    bool target_deployment_version_changed = false;
    Time started{};
  };
  struct CommandOf {
    std::shared_ptr<Machine> machine;
    Command command;
    bool sent = false;
  };

  void PushJob(Job job) override;
  bool ChecksIds() override { return flags_.Use(EngineFlag::kIdAndTypeChecks, !replaying_); }
  void IssueCommand(std::shared_ptr<Machine> machine, Command command) override;
  void ResumeTask(std::optional<Time> time) override;
  void SendMessage(api::protocol::v1::Message message) override;
  void IssueCancelExternal(Command command, std::function<void(bool delivered)> answered) override;

  absl::Status ApplyChunk(HistoryReader::Chunk chunk);
  absl::Status ApplyEvent(HistoryEvent& event, const HistoryEvent* next, bool last_chunk);
  absl::Status ApplyCommandEvent(const HistoryEvent& event, const HistoryEvent* next);
  absl::Status ApplyOther(HistoryEvent& event);
  absl::Status CheckNothingLeft(const HistoryEvent* event);
  absl::Status ApplyLocalActivityMarker(const HistoryEvent& event, bool& by_command);
  absl::Status LookAhead(const std::vector<const HistoryEvent*>& ahead);
  absl::Status TellForetold();
  void BeginTask(const HistoryReader::Chunk& chunk);
  void RememberTask();
  void UpdateAdmitted(const HistoryEvent& event);
  // What events of the task after the chunk at hand tell about what the code did in this one.
  void ExpectUpdates(const std::vector<const HistoryEvent*>& ahead);
  bool BringsUpdates(const HistoryReader::Chunk& chunk) const;
  // A task's own requests are for the code as it is after replay.
  bool MayDeliver() const { return !replaying_ && !partial_; }
  absl::Status DeliverUpdates(const std::function<bool(const UpdateRequest&)>& due);
  void TaskStarted(const HistoryEvent& event);
  void ApplySetPatch(const SetPatch& patch);

  const std::string namespace_;
  const std::string run_id_;
  Observer& observer_;
  const WorkerDeploymentVersion own_version_;
  std::unique_ptr<HistoryReader> reader_;
  EngineFlags flags_;

  // --- where in the history
  bool replaying_ = false;
  bool closed_in_history_ = false;
  bool partial_ = false;
  bool after_completed_ = false;  // inside the command events that follow a WorkflowTaskCompleted
  bool local_ended_ = false;      // these tell of a local activity
  bool skip_next_ = false;
  bool update_came_ = false;  // in this chunk
  int64_t previous_started_event_id_ = 0;
  int64_t started_event_id_ = 0;
  int64_t last_event_id_ = 0;
  Time now_{};
  TaskFacts facts_;
  WorkerDeploymentVersion deployment_version_;

  // --- the logical workflow task. Its heartbeats come one by one or, replayed, all with it; the code began to run at
  // the first start that was completed, and goes on in the last when a local activity has ended.
  bool has_commands_ = false;
  bool has_started_ = false;
  bool goes_on_ = false;
  std::optional<TaskFacts> last_heartbeat_;

  // --- for Rewind
  int64_t scheduled_event_id_ = 0;  // of the last started task
  bool had_commands_ = false;       // the dropped task began with commands, which now count for the next one
  struct {
    int64_t started_event_id = 0;
    Time now{};
    TaskFacts facts;
    bool has_commands = false;
    bool has_started = false;
    bool goes_on = false;
    std::optional<TaskFacts> last_heartbeat;
  } before_task_;

  // --- steps
  std::vector<Job> jobs_;
  std::deque<CommandOf> commands_;  // not yet in history
  std::unordered_map<int64_t, std::shared_ptr<Machine>> by_event_;
  std::unordered_map<uint32_t, std::weak_ptr<TimerMachine>> timers_;
  std::unordered_map<uint32_t, std::weak_ptr<ActivityMachine>> activities_;
  std::unordered_map<uint32_t, std::weak_ptr<ChildWorkflowMachine>> children_;
  std::unordered_map<uint32_t, std::weak_ptr<SignalExternalMachine>> signals_;
  LocalActivityTracker locals_{*this};
  std::vector<UpdateRequest> requests_;                                 // not yet delivered
  std::unordered_map<std::string, api::update::v1::Request> admitted_;  // of requests to be replayed, by update id
  std::unordered_map<std::string, std::shared_ptr<UpdateMachine>> updates_;
  std::vector<api::protocol::v1::Message> messages_;
  std::map<std::string, bool> patches_;  // known ids; true: this run has made the marker
  bool close_requested_ = false;
};

}  // namespace temporal::core
