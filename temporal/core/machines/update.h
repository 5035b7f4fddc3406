#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "temporal/api/update/v1/message.pb.h"
#include "temporal/core/machines/machine.h"

namespace temporal::core {

// Somebody asks for an update: a protocol message of the server, or on replay what history tells of it.
struct UpdateRequest {
  std::string message_id;
  std::string instance_id;
  int64_t after = 0;      // delivered once this event has been applied
  bool recorded = false;  // history says that it was accepted
  api::update::v1::Request request;
};

// Errors: BadHistory if it carries anything else than a request for an update.
absl::StatusOr<UpdateRequest> UpdateRequestOf(api::protocol::v1::Message& message);

// What a WorkflowExecutionUpdateAdmitted event asks for, and what a WorkflowExecutionUpdateAccepted event answers.
// The latter lacks the request itself if there was an event of the former kind.
UpdateRequest AdmittedUpdate(const HistoryEvent& event);
UpdateRequest AcceptedUpdate(const HistoryEvent& event);

class UpdateMachine : public Machine {
 public:
  explicit UpdateMachine(UpdateRequest request) : request_(std::move(request)) {}

  absl::Status OnEvent(const HistoryEvent& event, MachineSink& sink) override;
  bool done() const override { return state_ == State::kCompleted || state_ == State::kRejected; }

  // The answers of the workflow's code, each at most once.
  void Accept(MachineSink& sink);
  void Reject(const FailureMessage& failure, MachineSink& sink);
  void Complete(const Outcome& outcome, MachineSink& sink);

  enum class State {
    kRequested,
    kAcceptCreated,
    kAccepted,
    kAllCreated,  // accepted and completed by commands that are not yet events
    kCompleteCreated,
    kCompleted,
    kRejected,
  };

 private:
  void Answer(const char* suffix, const google::protobuf::Message& body, bool with_command, MachineSink& sink);

  UpdateRequest request_;
  State state_ = State::kRequested;
};

}  // namespace temporal::core
