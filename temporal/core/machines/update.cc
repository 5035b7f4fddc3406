#include "temporal/core/machines/update.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/core/history/errors.h"

namespace temporal::core {

namespace enums = api::enums::v1;
using State = UpdateMachine::State;

namespace {

constexpr int kAcceptInput = -3;
constexpr int kRejectInput = -4;
constexpr int kCompleteInput = -5;

constexpr Transition<State> kTransitions[] = {
    {State::kRequested, kAcceptInput, State::kAcceptCreated},
    {State::kRequested, kRejectInput, State::kRejected},

    {State::kAcceptCreated, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, State::kAccepted},
    {State::kAcceptCreated, kCompleteInput, State::kAllCreated},
    {State::kAllCreated, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, State::kCompleteCreated},

    {State::kAccepted, kCompleteInput, State::kCompleteCreated},
    {State::kCompleteCreated, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED, State::kCompleted},
};

}  // namespace

absl::StatusOr<UpdateRequest> UpdateRequestOf(api::protocol::v1::Message& message) {
  UpdateRequest request;
  if (!message.body().UnpackTo(&request.request)) {
    return BadHistory(
        absl::StrCat("message ", message.id(), " is not a request for an update but ", message.body().type_url()));
  }
  request.message_id = std::move(*message.mutable_id());
  request.instance_id = std::move(*message.mutable_protocol_instance_id());
  request.after = message.event_id();
  return request;
}

UpdateRequest AdmittedUpdate(const HistoryEvent& event) {
  UpdateRequest request;
  request.request = event.workflow_execution_update_admitted_event_attributes().request();
  request.instance_id = request.request.meta().update_id();
  request.message_id = absl::StrCat(request.instance_id, "/request");
  request.after = event.event_id();
  return request;
}

UpdateRequest AcceptedUpdate(const HistoryEvent& event) {
  const auto& accepted = event.workflow_execution_update_accepted_event_attributes();
  UpdateRequest request;
  request.message_id = accepted.accepted_request_message_id();
  request.instance_id = accepted.protocol_instance_id();
  request.after = accepted.accepted_request_sequencing_event_id();
  request.recorded = true;
  request.request = accepted.accepted_request();
  return request;
}

absl::Status UpdateMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  if (!Advance(kTransitions, state_, event.event_type())) return Unexpected("the answer to an update", event);
  const std::string& id = event.has_workflow_execution_update_accepted_event_attributes()
                              ? event.workflow_execution_update_accepted_event_attributes().protocol_instance_id()
                              : event.workflow_execution_update_completed_event_attributes().meta().update_id();
  if (sink.ChecksIds() && id != request_.instance_id) return Differs("update id", request_.instance_id, id, event);
  return absl::OkStatus();
}

void UpdateMachine::Accept(MachineSink& sink) {
  if (!Advance(kTransitions, state_, kAcceptInput)) return;
  api::update::v1::Acceptance acceptance;
  acceptance.set_accepted_request_message_id(request_.message_id);
  acceptance.set_accepted_request_sequencing_event_id(request_.after);
  *acceptance.mutable_accepted_request() = request_.request;
  Answer("accept", acceptance, /*with_command=*/true, sink);
}

void UpdateMachine::Reject(const FailureMessage& failure, MachineSink& sink) {
  if (!Advance(kTransitions, state_, kRejectInput)) return;
  api::update::v1::Rejection rejection;
  rejection.set_rejected_request_message_id(request_.message_id);
  rejection.set_rejected_request_sequencing_event_id(request_.after);
  *rejection.mutable_rejected_request() = request_.request;
  *rejection.mutable_failure() = failure;
  Answer("reject", rejection, /*with_command=*/false, sink);
}

void UpdateMachine::Complete(const Outcome& outcome, MachineSink& sink) {
  if (!Advance(kTransitions, state_, kCompleteInput)) return;
  api::update::v1::Response response;
  *response.mutable_meta() = request_.request.meta();
  if (const auto* failure = std::get_if<FailureMessage>(&outcome)) {
    *response.mutable_outcome()->mutable_failure() = *failure;
  } else {
    *response.mutable_outcome()->mutable_success()->add_payloads() = std::get<api::common::v1::Payload>(outcome);
  }
  Answer("complete", response, /*with_command=*/true, sink);
}

// The command tells where among the others the message belongs; a rejection leaves no trace in history.
void UpdateMachine::Answer(const char* suffix, const google::protobuf::Message& body, bool with_command,
                           MachineSink& sink) {
  api::protocol::v1::Message message;
  message.set_id(absl::StrCat(request_.message_id, "/", suffix));
  message.set_protocol_instance_id(request_.instance_id);
  message.mutable_body()->PackFrom(body);
  if (with_command) {
    api::command::v1::Command command;
    command.set_command_type(enums::COMMAND_TYPE_PROTOCOL_MESSAGE);
    command.mutable_protocol_message_command_attributes()->set_message_id(message.id());
    sink.IssueCommand(shared_from_this(), std::move(command));
  }
  sink.SendMessage(std::move(message));
}

}  // namespace temporal::core
