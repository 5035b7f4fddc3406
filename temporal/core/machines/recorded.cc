#include "temporal/core/machines/recorded.h"

#include <utility>

namespace temporal::core {

namespace enums = api::enums::v1;

namespace {

// Of each command, the event that records it and its name in a report.
std::pair<enums::EventType, const char*> Expected(enums::CommandType command) {
  switch (command) {
    case enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
      return {enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, "an upsert of search attributes"};
    case enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES:
      return {enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED, "an upsert of the memo"};
    case enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
      return {enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, "its completion"};
    case enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
      return {enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED, "its failure"};
    case enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      return {enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, "its cancellation"};
    case enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
      return {enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, "its continuation as new"};
    default:
      return {enums::EVENT_TYPE_UNSPECIFIED, "a command"};
  }
}

}  // namespace

absl::Status RecordedMachine::OnEvent(const HistoryEvent& event, MachineSink& sink) {
  const auto [type, name] = Expected(command_);
  if (event.event_type() != type || recorded_) return Unexpected(name, event);
  recorded_ = true;
  return absl::OkStatus();
}

}  // namespace temporal::core
