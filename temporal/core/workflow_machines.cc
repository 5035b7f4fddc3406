#include "temporal/core/workflow_machines.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "temporal/common/proto.h"
#include "temporal/core/history/errors.h"
#include "temporal/core/machines/patch.h"
#include "temporal/core/machines/recorded.h"
#include "temporal/core/seed.h"

namespace temporal::core {

namespace enums = api::enums::v1;

namespace {

// The server's limit for the value of a search attribute.
constexpr size_t kSearchAttributeLimit = 2048;

void SetJson(api::common::v1::Payload& payload, const nlohmann::json& value) {
  (*payload.mutable_metadata())["encoding"] = "json/plain";
  payload.set_data(value.dump());
}

bool IsPatch(const Machine& machine) { return dynamic_cast<const PatchMachine*>(&machine) != nullptr; }

}  // namespace

void WorkflowMachines::NewTask(HistoryReader reader, int64_t previous_started_event_id,
                               std::vector<UpdateRequest> updates) {
  reader_ = std::make_unique<HistoryReader>(std::move(reader));
  previous_started_event_id_ = previous_started_event_id;
  replaying_ = previous_started_event_id > 0;
  requests_ = std::move(updates);
}

absl::StatusOr<bool> WorkflowMachines::ApplyNextChunk() {
  if (closed_in_history_) {
    replaying_ = false;
    return false;
  }
  auto chunk = reader_->Take(started_event_id_);
  if (!chunk.ok()) return chunk.status();
  std::erase_if(chunk->events, [this](const EventPtr& event) { return event->event_id() <= last_event_id_; });
  if (chunk->events.empty()) {
    replaying_ = false;
    return false;
  }
  if (absl::Status status = ApplyChunk(*std::move(chunk)); !status.ok()) return status;
  return true;
}

absl::Status WorkflowMachines::ApplyChunk(HistoryReader::Chunk chunk) {
  partial_ = chunk.partial;
  messages_.clear();
  for (const EventPtr& event : chunk.events) {
    if (event->has_workflow_task_completed_event_attributes()) {
      const absl::Status known = flags_.AddFrom(event->workflow_task_completed_event_attributes());
      if (!known.ok()) return known;
    }
  }
  if (const HistoryEvent* completed = reader_->PeekCompleted()) {
    const absl::Status known = flags_.AddFrom(completed->workflow_task_completed_event_attributes());
    if (!known.ok()) return known;
    deployment_version_ = CompletedBy(*completed);
  }

  const std::vector<const HistoryEvent*> ahead = reader_->Peek(chunk.events.back()->event_id());
  ExpectUpdates(ahead);
  RememberTask();
  BeginTask(chunk);
  update_came_ = false;
  for (size_t i = 0; i < chunk.events.size(); ++i) {
    const HistoryEvent* next = i + 1 < chunk.events.size() ? chunk.events[i + 1].get() : nullptr;
    if (absl::Status status = ApplyEvent(*chunk.events[i], next, chunk.last); !status.ok()) return status;
  }
  if (chunk.last) {
    if (absl::Status status = CheckNothingLeft(nullptr); !status.ok()) return status;
  }
  if (!replaying_) deployment_version_ = own_version_;
  const auto due = [&](const UpdateRequest& request) { return request.recorded || (chunk.last && MayDeliver()); };
  if (absl::Status status = DeliverUpdates(due); !status.ok()) return status;
  if (chunk.partial || closed_in_history_) facts_.length = last_event_id_;
  return LookAhead(ahead);
}

absl::Status WorkflowMachines::ApplyEvent(HistoryEvent& event, const HistoryEvent* next, bool last_chunk) {
  if (event.event_id() != last_event_id_ + 1) {
    return BadHistory(absl::StrCat("event ", event.event_id(), " follows event ", last_event_id_));
  }
  if ((event.event_id() == 1) != (event.event_type() == enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)) {
    return BadHistory(absl::StrCat(Describe(event), ": the first event, and no other, is WorkflowExecutionStarted"));
  }
  last_event_id_ = event.event_id();
  const bool command_event = IsCommandEvent(event);
  const bool completed = event.event_type() == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED;
  // Replay ends with the first event that this run did not cause itself and has not seen.
  if (replaying_ && last_chunk && event.event_id() > previous_started_event_id_ && !command_event && !completed) {
    replaying_ = false;
  }
  if (!requests_.empty()) {
    const auto due = [&](const UpdateRequest& request) {
      return request.after < event.event_id() && (request.recorded || MayDeliver());
    };
    if (absl::Status status = DeliverUpdates(due); !status.ok()) return status;
  }
  if (std::exchange(skip_next_, false)) return absl::OkStatus();
  if (IsTerminalEvent(event)) closed_in_history_ = true;
  if (IsIgnorable(event)) return absl::OkStatus();
  if (IsUnknown(event)) return BadHistory(absl::StrCat("event ", event.event_id(), " is of an unknown type"));
  if (command_event) return ApplyCommandEvent(event, next);

  if (absl::Status status = CheckNothingLeft(&event); !status.ok()) return status;
  if (const int64_t initial = InitialEventId(event); initial != 0) {
    const auto found = by_event_.find(initial);
    if (found == by_event_.end()) {
      return Nondeterminism(absl::StrCat(Describe(event), " continues a step that the workflow's code has not begun"));
    }
    const std::shared_ptr<Machine> machine = found->second;
    absl::Status status = machine->OnEvent(event, *this);
    if (machine->done()) by_event_.erase(initial);
    return status;
  }
  return ApplyOther(event);
}

absl::Status WorkflowMachines::ApplyOther(HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: {
      now_ = FromProto(event.event_time());  // for queries before the first task
      InitializeJob job;
      job.attributes.Swap(event.mutable_workflow_execution_started_event_attributes());
      job.start_time = event.event_time();
      job.seed = SeedOf(job.attributes.original_execution_run_id());
      PushJob(std::move(job));
      return absl::OkStatus();
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: {
      auto& signal = *event.mutable_workflow_execution_signaled_event_attributes();
      SignalJob job;
      job.name = signal.signal_name();
      job.input.Swap(signal.mutable_input());
      if (signal.has_header()) job.header.Swap(signal.mutable_header());
      job.after_update = update_came_;
      PushJob(std::move(job));
      return absl::OkStatus();
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
      UpdateAdmitted(event);
      return absl::OkStatus();
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      PushJob(CancelJob{event.workflow_execution_cancel_requested_event_attributes().cause()});
      return absl::OkStatus();
    case enums::EVENT_TYPE_WORKFLOW_TASK_STARTED:
      TaskStarted(event);
      return absl::OkStatus();
    case enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
      after_completed_ = true;
      goes_on_ = has_started_;
      return absl::OkStatus();
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED: {
      const auto& failed = event.workflow_task_failed_event_attributes();
      if (failed.cause() == enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW) {
        PushJob(ReseedJob{SeedOf(failed.new_run_id())});
      }
      return absl::OkStatus();
    }
    case enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
      return absl::OkStatus();
    default:
      return BadHistory(absl::StrCat("this engine does not know what to do with ", Describe(event)));
  }
}

void WorkflowMachines::TaskStarted(const HistoryEvent& event) {
  const auto& started = event.workflow_task_started_event_attributes();
  scheduled_event_id_ = started.scheduled_event_id();
  started_event_id_ = event.event_id();
  has_started_ = true;
  TaskFacts facts;
  facts.length = event.event_id();
  facts.bytes = started.history_size_bytes();
  facts.continue_as_new_suggested = started.suggest_continue_as_new();
  for (const int reason : started.suggest_continue_as_new_reasons()) {
    facts.continue_as_new_reasons.push_back(static_cast<ContinueAsNewReason>(reason));
  }
  facts.target_deployment_version_changed = started.target_worker_deployment_version_changed();
  facts.started = FromProto(event.event_time());
  last_heartbeat_.reset();
  if (goes_on_) {
    last_heartbeat_ = facts;
  } else {
    facts_ = facts;
    now_ = std::max(now_, facts.started);
  }
  if (!replaying_) locals_.StopReplaying();
}

// Commands of a replayed task have to be matched by the events right after its completion: what is left when these end
// is more than the code did when the history was made. But sdk-core may answer a task, because of a query, when the end
// of a local activity is recorded and the code has not heard of it: what follows from it then comes with the next task.
absl::Status WorkflowMachines::CheckNothingLeft(const HistoryEvent* event) {
  if (!std::exchange(after_completed_, false)) return absl::OkStatus();
  const bool local_ended = std::exchange(local_ended_, false);
  while (!commands_.empty() && (commands_.front().machine->dropped() || IsPatch(*commands_.front().machine))) {
    commands_.pop_front();
  }
  if (commands_.empty()) return absl::OkStatus();
  if (local_ended && event != nullptr) return absl::OkStatus();
  return Nondeterminism(absl::StrCat(
      "the workflow's code issues ", enums::CommandType_Name(commands_.front().command.command_type()),
      ", for which history has no event before ", event != nullptr ? Describe(*event) : std::string("its end")));
}

absl::Status WorkflowMachines::ApplyCommandEvent(const HistoryEvent& event, const HistoryEvent* next) {
  if (IsLocalActivityMarker(event)) {
    bool by_command = false;
    absl::Status status = ApplyLocalActivityMarker(event, by_command);
    if (!status.ok() || !by_command) return status;
  }
  const auto marker = PatchMarkerOf(event);
  while (!commands_.empty()) {
    const CommandOf& front = commands_.front();
    const auto* patch = dynamic_cast<const PatchMachine*>(front.machine.get());
    // The call was made while replaying a history without its marker; or it is gone from history with its deprecation.
    if (front.machine->dropped() || (patch != nullptr && !marker)) {
      commands_.pop_front();
      continue;
    }
    if (marker && marker->deprecated && (patch == nullptr || patch->id() != marker->id)) break;
    const std::shared_ptr<Machine> machine = front.machine;
    commands_.pop_front();
    if (absl::Status status = machine->OnEvent(event, *this); !status.ok()) return status;
    if (const auto* local = dynamic_cast<const LocalActivityMachine*>(machine.get())) {
      locals_.Recorded(local->call().seq);
    } else if (event.has_timer_canceled_event_attributes()) {
      by_event_.erase(event.timer_canceled_event_attributes().started_event_id());
    } else if (!machine->done() && !event.has_activity_task_cancel_requested_event_attributes() &&
               !event.has_workflow_execution_update_accepted_event_attributes()) {
      by_event_.emplace(event.event_id(), machine);
    }
    return absl::OkStatus();
  }
  if (marker && marker->deprecated) {
    // The call may be gone from the code; the upsert that came with the marker goes with it.
    skip_next_ = next != nullptr && IsUpsertOfChangeVersion(*next);
    return absl::OkStatus();
  }
  return Nondeterminism(
      absl::StrCat("history has ", Describe(event), ", for which the workflow's code issues no command"));
}

absl::Status WorkflowMachines::LookAhead(const std::vector<const HistoryEvent*>& ahead) {
  for (const HistoryEvent* event : ahead) {
    if (const auto marker = PatchMarkerOf(*event)) {
      patches_.emplace(marker->id, false);
      PushJob(PatchJob{marker->id});
    } else if (IsLocalActivityMarker(*event)) {
      auto local = LocalActivityMarkerOf(*event);
      if (!local) return BadHistory(absl::StrCat("the local activity in ", Describe(*event), " cannot be read"));
      locals_.Peeked(*event, *std::move(local));
    }
  }
  return TellForetold();
}

std::vector<Job> WorkflowMachines::TakeJobs() {
  locals_.ActivationTaken();
  std::vector<Job> unsorted = std::exchange(jobs_, {});
  std::vector<Job> jobs;
  jobs.reserve(unsorted.size());
  for (size_t rank = 0; rank <= kLastJobRank; ++rank) {
    for (Job& job : unsorted) {
      if (JobRank(job) == rank) jobs.push_back(std::move(job));
    }
  }
  return jobs;
}

void WorkflowMachines::PushJob(Job job) {
  // What has ended needs no cancelling.
  if (const auto* timer = std::get_if<TimerFiredJob>(&job)) timers_.erase(timer->seq);
  if (const auto* activity = std::get_if<ActivityJob>(&job)) activities_.erase(activity->seq);
  if (const auto* child = std::get_if<ChildJob>(&job)) children_.erase(child->seq);
  if (const auto* signal = std::get_if<SignalExternalJob>(&job)) signals_.erase(signal->seq);
  jobs_.push_back(std::move(job));
}

void WorkflowMachines::IssueCommand(std::shared_ptr<Machine> machine, Command command) {
  // What a second activation of the same task asks for still comes before the end that the first one asked for.
  const auto place = commands_.end() - (close_requested_ && !commands_.empty() ? 1 : 0);
  commands_.insert(place, {std::move(machine), std::move(command)});
}

void WorkflowMachines::IssueCancelExternal(Command command, std::function<void(bool delivered)> answered) {
  IssueCommand(std::make_shared<CancelExternalMachine>(0, std::move(answered)), std::move(command));
}

absl::Status WorkflowMachines::ApplyRequests(std::vector<Request> requests) {
  absl::Status status;
  const auto cancel = [this](auto& machines, uint32_t seq, const auto&... arguments) {
    const auto found = machines.find(seq);
    if (found == machines.end()) return;
    const auto machine = found->second.lock();
    machines.erase(found);
    if (machine != nullptr) machine->Cancel(arguments..., *this);
  };
  struct Visitor {
    WorkflowMachines& self;
    decltype(cancel)& cancel_step;
    absl::Status& status;

    void operator()(StartTimer& r) {
      auto machine = std::make_shared<TimerMachine>(r.seq, r.command.start_timer_command_attributes().timer_id());
      self.timers_[r.seq] = machine;
      self.IssueCommand(std::move(machine), std::move(r.command));
    }
    void operator()(CancelTimer& r) { cancel_step(self.timers_, r.seq); }
    void operator()(ScheduleActivity& r) {
      const auto& attributes = r.command.schedule_activity_task_command_attributes();
      auto machine = std::make_shared<ActivityMachine>(r.seq, attributes.activity_id(),
                                                       attributes.activity_type().name(), r.cancellation);
      self.activities_[r.seq] = machine;
      self.IssueCommand(std::move(machine), std::move(r.command));
    }
    void operator()(CancelActivity& r) { cancel_step(self.activities_, r.seq); }
    void operator()(ScheduleLocalActivity& r) { self.locals_.Schedule(std::move(r.call), self.replaying_, self.now_); }
    void operator()(CancelLocalActivity& r) { status.Update(self.locals_.Cancel(r.seq)); }
    void operator()(StartChild& r) {
      auto machine = std::make_shared<ChildWorkflowMachine>(
          r.seq, self.namespace_, r.command.start_child_workflow_execution_command_attributes(), r.cancellation);
      self.children_[r.seq] = machine;
      self.IssueCommand(std::move(machine), std::move(r.command));
    }
    void operator()(CancelChild& r) { cancel_step(self.children_, r.seq, r.reason); }
    void operator()(SignalExternal& r) {
      auto machine = std::make_shared<SignalExternalMachine>(r.seq);
      self.signals_[r.seq] = machine;
      self.IssueCommand(std::move(machine), std::move(r.command));
    }
    void operator()(CancelSignalExternal& r) { cancel_step(self.signals_, r.seq); }
    void operator()(CancelExternal& r) {
      self.IssueCommand(std::make_shared<CancelExternalMachine>(r.seq), std::move(r.command));
    }
    void operator()(SetPatch& r) { self.ApplySetPatch(r); }
    void operator()(Record& r) {
      auto machine = std::make_shared<RecordedMachine>(r.command.command_type());
      self.IssueCommand(std::move(machine), std::move(r.command));
    }
    void operator()(AcceptUpdate& r) { self.updates_.at(r.id)->Accept(self); }
    void operator()(RejectUpdate& r) { self.updates_.extract(r.id).mapped()->Reject(r.failure, self); }
    void operator()(CompleteUpdate& r) { self.updates_.extract(r.id).mapped()->Complete(r.outcome, self); }
    void operator()(Close& r) {
      if (self.close_requested_) return;
      self.locals_.Close();
      auto machine = std::make_shared<RecordedMachine>(r.command.command_type());
      self.IssueCommand(std::move(machine), std::move(r.command));
      self.close_requested_ = true;
    }
  };
  // A close comes after everything else of its activation, and only the first counts.
  for (const bool closing : {false, true}) {
    for (Request& request : requests) {
      if (std::holds_alternative<Close>(request) == closing) std::visit(Visitor{*this, cancel, status}, request);
    }
  }
  std::erase_if(commands_, [](const CommandOf& each) { return each.machine->dropped(); });
  status.Update(TellForetold());
  return status;
}

void WorkflowMachines::ApplySetPatch(const SetPatch& patch) {
  const auto known = patches_.find(patch.id);
  if (known != patches_.end() && known->second) return;
  const bool in_history = known != patches_.end();

  Command marker;
  marker.set_command_type(enums::COMMAND_TYPE_RECORD_MARKER);
  auto& attributes = *marker.mutable_record_marker_command_attributes();
  attributes.set_marker_name(kPatchMarkerName);
  SetJson(*(*attributes.mutable_details())[kPatchDetailsKey].add_payloads(),
          {{"id", patch.id}, {"deprecated", patch.deprecated}});
  IssueCommand(std::make_shared<PatchMachine>(patch.id), std::move(marker));
  patches_[patch.id] = true;

  // The ids go into a search attribute too, so that runs with a patch can be found.
  const bool upserts = flags_.Use(EngineFlag::kUpsertOnPatch, !replaying_) && !(replaying_ && !in_history);
  if (!upserts) return;
  nlohmann::json ids = nlohmann::json::array();
  for (const auto& [id, made] : patches_) {
    if (made) ids.push_back(id);
  }
  Command upsert;
  upsert.set_command_type(enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES);
  auto& fields = *upsert.mutable_upsert_workflow_search_attributes_command_attributes()
                      ->mutable_search_attributes()
                      ->mutable_indexed_fields();
  auto& payload = fields[kChangeVersionAttribute];
  SetJson(payload, ids);
  (*payload.mutable_metadata())["type"] = "KeywordList";
  if (payload.data().size() >= kSearchAttributeLimit) {
    if (!replaying_) {
      observer_.Log(LogLevel::kWarning, absl::StrCat("run ", run_id_, " has too many patches to list in ",
                                                     kChangeVersionAttribute, "; '", patch.id, "' is left out"));
    }
    return;
  }
  IssueCommand(std::make_shared<RecordedMachine>(upsert.command_type()), std::move(upsert));
}

bool WorkflowMachines::has_unsent_commands() const {
  return std::any_of(commands_.begin(), commands_.end(), [](const CommandOf& each) { return !each.sent; });
}

std::vector<Command> WorkflowMachines::TakeCommands() {
  std::vector<Command> commands;
  for (CommandOf& each : commands_) {
    if (std::exchange(each.sent, true)) continue;
    // What history has to show for it is the machine's to know; the inputs need not be kept for that.
    Command sent;
    sent.set_command_type(each.command.command_type());
    sent.Swap(&each.command);
    commands.push_back(std::move(sent));
  }
  return commands;
}

}  // namespace temporal::core
