#include <algorithm>

#include "absl/strings/str_cat.h"
#include "temporal/testing/fake/server.h"

// Updates: admission, delivery with speculative workflow tasks, answers.
namespace temporal::testing::fake {

namespace {

using api::update::v1::Acceptance;
using api::update::v1::Rejection;
using api::update::v1::Response;
using State = Update::State;

const std::string& Id(const Update& update) { return update.request.meta().update_id(); }

Failure ServerFailure(std::string message, std::string type) {
  Failure failure;
  failure.set_message(std::move(message));
  failure.set_source("Server");
  failure.mutable_application_failure_info()->set_type(std::move(type));
  failure.mutable_application_failure_info()->set_non_retryable(true);
  return failure;
}

enums::UpdateWorkflowExecutionLifecycleStage StageOf(State state) {
  switch (state) {
    case State::kAdmitted:
    case State::kSent:
      return enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED;
    case State::kAccepted:
      return enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
    case State::kCompleted:
      break;
  }
  return enums::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;
}

void Complete(Update& update, const api::update::v1::Outcome& outcome) {
  update.state = State::kCompleted;
  update.outcome = outcome;
}

void CompleteWith(Update& update, Failure failure) {
  api::update::v1::Outcome outcome;
  *outcome.mutable_failure() = std::move(failure);
  Complete(update, outcome);
}

}  // namespace

Update* Server::FindUpdate(Run& run, const std::string& id) {
  const auto found =
      std::find_if(run.updates.begin(), run.updates.end(), [&](const Update& update) { return Id(update) == id; });
  if (found != run.updates.end()) return &*found;
  // What was not sent before the run continued as new went over to the next one.
  if (run.status != enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW) return nullptr;
  Run* newest = Newest(run.workflow_id);
  return newest == &run ? nullptr : FindUpdate(*newest, id);
}

absl::Status Server::Admit(Run& run, const api::update::v1::Request& request) {
  if (FindUpdate(run, request.meta().update_id()) != nullptr) return absl::OkStatus();
  if (!run.open()) return absl::NotFoundError("workflow execution already completed");
  run.updates.emplace_back().request = request;
  ScheduleTask(run, /*speculative=*/true);
  return absl::OkStatus();
}

template <class Response>
absl::Status Server::Await(Run& run, const std::string& id, const api::update::v1::WaitPolicy& wait, Response& response,
                           Lock& lock, const CallOptions& call) {
  CallOptions patience = call;
  patience.timeout = std::min(call.timeout, options.longest_update_wait);
  WaitFor(lock, patience, [&] {
    const Update* update = FindUpdate(run, id);
    return update == nullptr || StageOf(update->state) >= wait.lifecycle_stage();
  });
  if (call.stop.stop_requested()) return absl::CancelledError("the call was cancelled");
  const Update* update = FindUpdate(run, id);
  if (update == nullptr) return absl::NotFoundError("workflow execution already completed");
  response.mutable_update_ref()->set_update_id(id);
  response.mutable_update_ref()->mutable_workflow_execution()->set_workflow_id(run.workflow_id);
  response.mutable_update_ref()->mutable_workflow_execution()->set_run_id(run.run_id);
  response.set_stage(StageOf(update->state));
  if (update->state == State::kCompleted) *response.mutable_outcome() = update->outcome;
  return absl::OkStatus();
}

void Server::SendUpdates(Run& run, service::PollWorkflowTaskQueueResponse& response) {
  for (Update& update : run.updates) {
    // What a task before this one failed to answer comes again.
    if (update.state != State::kAdmitted && update.state != State::kSent) continue;
    update.state = State::kSent;
    auto& message = *response.add_messages();
    message.set_id(absl::StrCat(Id(update), "/request"));
    message.set_protocol_instance_id(Id(update));
    message.set_event_id(run.task.started_id - 1);
    message.mutable_body()->PackFrom(update.request);
  }
}

void Server::ApplyMessage(Run& run, const api::protocol::v1::Message& message) {
  Update* update = FindUpdate(run, message.protocol_instance_id());
  if (update == nullptr) return;
  if (Acceptance acceptance; message.body().UnpackTo(&acceptance)) {
    auto& accepted = *Append(run, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED)
                          .mutable_workflow_execution_update_accepted_event_attributes();
    accepted.set_protocol_instance_id(message.protocol_instance_id());
    accepted.set_accepted_request_message_id(acceptance.accepted_request_message_id());
    accepted.set_accepted_request_sequencing_event_id(acceptance.accepted_request_sequencing_event_id());
    *accepted.mutable_accepted_request() = update->request;
    update->state = State::kAccepted;
    update->accepted_id = run.last_event_id();
  } else if (Response answer; message.body().UnpackTo(&answer)) {
    auto& completed = *Append(run, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED)
                           .mutable_workflow_execution_update_completed_event_attributes();
    *completed.mutable_meta() = update->request.meta();
    completed.set_accepted_event_id(update->accepted_id);
    *completed.mutable_outcome() = answer.outcome();
    Complete(*update, answer.outcome());
  } else if (Rejection rejection; message.body().UnpackTo(&rejection)) {
    CompleteWith(*update, rejection.failure());
  }
}

void Server::RejectUnanswered(Run& run) {
  for (Update& update : run.updates) {
    if (update.state != State::kSent) continue;
    CompleteWith(update, ServerFailure("Workflow Update is rejected because it wasn't processed by worker.",
                                       "UnprocessedUpdate"));
  }
}

void Server::AbortUpdates(Run& run) {
  std::erase_if(run.updates,
                [](const Update& update) { return update.state == State::kAdmitted || update.state == State::kSent; });
  for (Update& update : run.updates) {
    if (update.state != State::kAccepted) continue;
    CompleteWith(update,
                 ServerFailure("Workflow Update failed because the Workflow completed before the Update completed.",
                               "AcceptedUpdateCompletedWorkflow"));
  }
}

absl::Status Server::UpdateWorkflow(const service::UpdateWorkflowExecutionRequest& request,
                                    service::UpdateWorkflowExecutionResponse& response, Lock& lock,
                                    const CallOptions& call) {
  Run* run = Find(request.workflow_execution());
  if (run == nullptr) return absl::NotFoundError("workflow not found");
  const std::string& first = request.first_execution_run_id();
  if (!first.empty() && first != run->started.first_execution_run_id()) return absl::NotFoundError("another chain");
  if (absl::Status status = Admit(*run, request.request()); !status.ok()) return status;
  return Await(*run, request.request().meta().update_id(), request.wait_policy(), response, lock, call);
}

absl::Status Server::PollUpdate(const service::PollWorkflowExecutionUpdateRequest& request,
                                service::PollWorkflowExecutionUpdateResponse& response, Lock& lock,
                                const CallOptions& call) {
  Run* run = Find(request.update_ref().workflow_execution());
  const std::string& id = request.update_ref().update_id();
  if (run == nullptr || FindUpdate(*run, id) == nullptr) {
    return absl::NotFoundError(absl::StrCat("update \"", id, "\" not found"));
  }
  return Await(*run, id, request.wait_policy(), response, lock, call);
}

absl::Status Server::MultiOperation(const service::ExecuteMultiOperationRequest& request,
                                    service::ExecuteMultiOperationResponse& response, Lock& lock,
                                    const CallOptions& call) {
  if (request.operations_size() != 2 || !request.operations(0).has_start_workflow() ||
      !request.operations(1).has_update_workflow()) {
    return absl::InvalidArgumentError("Operations have to be exactly [Start, Update].");
  }
  const auto& update = request.operations(1).update_workflow();
  auto& started = *response.add_responses()->mutable_start_workflow();
  Run* run = Newest(request.operations(0).start_workflow().workflow_id());
  // A repeated call finds what the first one did.
  if (run == nullptr || FindUpdate(*run, update.request().meta().update_id()) == nullptr) {
    if (absl::Status status = StartWorkflow(request.operations(0).start_workflow(), started, lock, call);
        !status.ok()) {
      return status;
    }
    run = ByRunId(started.run_id());
    if (absl::Status status = Admit(*run, update.request()); !status.ok()) return status;
  }
  started.set_run_id(run->run_id);
  return Await(*run, update.request().meta().update_id(), update.wait_policy(),
               *response.add_responses()->mutable_update_workflow(), lock, call);
}

}  // namespace temporal::testing::fake
