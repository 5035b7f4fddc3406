#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/core/history/errors.h"
#include "temporal/core/workflow_machines.h"

// WorkflowMachines: updates, and the speculative tasks that bring them.
namespace temporal::core {

bool WorkflowMachines::Rewind(int64_t started, int64_t to) {
  if (started_event_id_ != started) return true;
  if (before_task_.started_event_id != to) return false;
  // Events before the dropped task's own two stay: commands of the task before it, which come again with the next one.
  // A dropped task has issued no command, so that no machine is newer.
  last_event_id_ = scheduled_event_id_ - 1;
  started_event_id_ = to;
  now_ = before_task_.now;
  facts_ = before_task_.facts;
  had_commands_ = has_commands_;
  has_commands_ = before_task_.has_commands;
  has_started_ = before_task_.has_started;
  goes_on_ = before_task_.goes_on;
  last_heartbeat_ = before_task_.last_heartbeat;
  flags_.Untell();
  return true;
}

void WorkflowMachines::RememberTask() {
  before_task_ = {started_event_id_, now_, facts_, has_commands_, has_started_, goes_on_, last_heartbeat_};
}

void WorkflowMachines::UpdateAdmitted(const HistoryEvent& event) {
  update_came_ = true;
  UpdateRequest request = AdmittedUpdate(event);
  if (replaying_) {
    admitted_[request.instance_id] = std::move(request.request);  // in case it was accepted
  } else {
    requests_.push_back(std::move(request));
  }
}

void WorkflowMachines::ExpectUpdates(const std::vector<const HistoryEvent*>& ahead) {
  for (const HistoryEvent* event : ahead) {
    if (event->has_workflow_execution_update_accepted_event_attributes()) requests_.push_back(AcceptedUpdate(*event));
  }
}

bool WorkflowMachines::BringsUpdates(const HistoryReader::Chunk& chunk) const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [&](const UpdateRequest& request) { return request.recorded || chunk.last; });
}

absl::Status WorkflowMachines::DeliverUpdates(const std::function<bool(const UpdateRequest&)>& due) {
  for (UpdateRequest& request : std::exchange(requests_, {})) {
    if (!due(request)) {
      requests_.push_back(std::move(request));
      continue;
    }
    if (const auto admitted = admitted_.extract(request.instance_id); request.recorded && !admitted.empty()) {
      request.request = std::move(admitted.mapped());
    }
    UpdateJob job;
    job.id = request.instance_id;
    job.name = request.request.input().name();
    job.input = request.request.input().args();
    if (request.request.input().has_header()) job.header = request.request.input().header();
    job.run_validator = !request.recorded;
    const auto [machine, fresh] = updates_.try_emplace(job.id);
    if (!fresh) return BadHistory(absl::StrCat("update '", job.id, "' is requested twice"));
    machine->second = std::make_shared<UpdateMachine>(std::move(request));
    update_came_ = true;
    PushJob(std::move(job));
  }
  return absl::OkStatus();
}

void WorkflowMachines::SendMessage(api::protocol::v1::Message message) {
  if (!replaying_) messages_.push_back(std::move(message));
}

}  // namespace temporal::core
