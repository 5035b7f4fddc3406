#include "temporal/core/command_builder.h"

#include <utility>

#include "temporal/common/proto.h"
#include "temporal/common/versioning_proto.h"
#include "temporal/converter/payload.h"

namespace temporal::core {

namespace enums = api::enums::v1;

namespace {

template <class Fields>
void CopyInto(const PayloadMap& from, Fields* to) {
  for (const auto& [key, payload] : from) (*to)[key] = payload;
}

void SetInput(Payloads input, Payloads* to) { to->Swap(&input); }

// Left out when not set: zero means something else to the server.
template <class Message, class Setter>
void SetDuration(Duration duration, Message& message, Setter mutable_field) {
  if (duration > Duration::zero()) *(message.*mutable_field)() = ToProto(duration);
}

using UserMetadata = api::sdk::v1::UserMetadata;

void SetText(std::string_view text, Command& command, Payload* (UserMetadata::*mutable_field)()) {
  if (text.empty()) return;
  auto payload = ToPayload(std::string(text));
  if (payload.ok()) *(command.mutable_user_metadata()->*mutable_field)() = *std::move(payload);
}

void SetSummary(std::string_view summary, Command& command) {
  SetText(summary, command, &UserMetadata::mutable_summary);
}

const std::string& Or(const std::string& first, const std::string& second) { return first.empty() ? second : first; }

}  // namespace

Command ActivityCommand(std::string_view type, std::string_view id, const ActivityOptions& options, Payloads input,
                        const WorkflowInfo& info) {
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK);
  SetSummary(options.summary, command);
  auto& attributes = *command.mutable_schedule_activity_task_command_attributes();
  using Attributes = std::remove_reference_t<decltype(attributes)>;
  attributes.set_activity_id(std::string(id));
  attributes.mutable_activity_type()->set_name(std::string(type));
  attributes.mutable_task_queue()->set_name(Or(options.task_queue, info.task_queue));
  SetInput(std::move(input), attributes.mutable_input());
  SetDuration(options.schedule_to_close, attributes, &Attributes::mutable_schedule_to_close_timeout);
  SetDuration(options.schedule_to_start, attributes, &Attributes::mutable_schedule_to_start_timeout);
  SetDuration(options.start_to_close, attributes, &Attributes::mutable_start_to_close_timeout);
  SetDuration(options.heartbeat, attributes, &Attributes::mutable_heartbeat_timeout);
  if (options.retry_policy) *attributes.mutable_retry_policy() = ToProto(*options.retry_policy);
  attributes.set_request_eager_execution(!options.disable_eager_execution);  // the worker has the last word
  if (!options.headers.empty()) CopyInto(options.headers, attributes.mutable_header()->mutable_fields());
  return command;
}

Command TimerCommand(std::string_view id, Duration duration, std::string_view summary) {
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_START_TIMER);
  SetSummary(summary, command);
  auto& attributes = *command.mutable_start_timer_command_attributes();
  attributes.set_timer_id(std::string(id));
  *attributes.mutable_start_to_fire_timeout() = ToProto(duration);
  return command;
}

Command ChildCommand(std::string_view type, const ChildOptions& options, Payloads input, const WorkflowInfo& info) {
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION);
  SetSummary(options.summary, command);
  SetText(options.details, command, &UserMetadata::mutable_details);
  auto& attributes = *command.mutable_start_child_workflow_execution_command_attributes();
  using Attributes = std::remove_reference_t<decltype(attributes)>;
  attributes.set_workflow_id(options.workflow_id);
  attributes.mutable_workflow_type()->set_name(std::string(type));
  attributes.mutable_task_queue()->set_name(Or(options.task_queue, info.task_queue));
  SetInput(std::move(input), attributes.mutable_input());
  SetDuration(options.execution_timeout, attributes, &Attributes::mutable_workflow_execution_timeout);
  SetDuration(options.run_timeout, attributes, &Attributes::mutable_workflow_run_timeout);
  SetDuration(options.task_timeout, attributes, &Attributes::mutable_workflow_task_timeout);
  attributes.set_parent_close_policy(static_cast<enums::ParentClosePolicy>(options.parent_close_policy));
  attributes.set_workflow_id_reuse_policy(static_cast<enums::WorkflowIdReusePolicy>(options.id_reuse));
  if (options.retry_policy) *attributes.mutable_retry_policy() = ToProto(*options.retry_policy);
  attributes.set_cron_schedule(options.cron_schedule);
  if (!options.headers.empty()) CopyInto(options.headers, attributes.mutable_header()->mutable_fields());
  if (!options.memo.empty()) CopyInto(options.memo, attributes.mutable_memo()->mutable_fields());
  if (!options.search_attributes.empty()) {
    CopyInto(options.search_attributes, attributes.mutable_search_attributes()->mutable_indexed_fields());
  }
  if (options.versioning_override) {
    *attributes.mutable_versioning_override() = ToProto(*options.versioning_override);
  }
  return command;
}

Command SignalCommand(const internal::ExternalTarget& target, std::string_view signal, Payloads input,
                      const PayloadMap& headers) {
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_signal_external_workflow_execution_command_attributes();
  attributes.mutable_execution()->set_workflow_id(target.workflow_id);
  attributes.mutable_execution()->set_run_id(target.run_id);
  attributes.set_child_workflow_only(target.child_only);
  attributes.set_signal_name(std::string(signal));
  SetInput(std::move(input), attributes.mutable_input());
  if (!headers.empty()) CopyInto(headers, attributes.mutable_header()->mutable_fields());
  return command;
}

Command CancelExternalCommand(const internal::ExternalTarget& target, std::string_view reason,
                              const WorkflowInfo& info) {
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_request_cancel_external_workflow_execution_command_attributes();
  attributes.set_workflow_id(target.workflow_id);
  attributes.set_run_id(target.run_id);
  attributes.set_reason("Cancel requested by workflow with run id " + info.run_id +
                        " with reason: " + std::string(reason));
  return command;
}

Command MemoCommand(const PayloadMap& fields) {
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES);
  CopyInto(fields,
           command.mutable_modify_workflow_properties_command_attributes()->mutable_upserted_memo()->mutable_fields());
  return command;
}

Command SearchAttributesCommand(const PayloadMap& fields) {
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES);
  CopyInto(fields, command.mutable_upsert_workflow_search_attributes_command_attributes()
                       ->mutable_search_attributes()
                       ->mutable_indexed_fields());
  return command;
}

Command ContinueAsNewCommand(const internal::ContinueAsNewRequest& request, const WorkflowInfo& info,
                             const PayloadMap& memo, const PayloadMap& search_attributes) {
  const ContinueAsNewOptions& options = request.options;
  Command command;
  command.set_command_type(enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION);
  auto& attributes = *command.mutable_continue_as_new_workflow_execution_command_attributes();
  using Attributes = std::remove_reference_t<decltype(attributes)>;
  attributes.mutable_workflow_type()->set_name(Or(options.workflow_type, info.workflow_type));
  attributes.mutable_task_queue()->set_name(Or(options.task_queue, info.task_queue));
  *attributes.mutable_input() = request.input;
  SetDuration(options.run_timeout, attributes, &Attributes::mutable_workflow_run_timeout);
  SetDuration(options.task_timeout, attributes, &Attributes::mutable_workflow_task_timeout);
  const auto& retry = options.retry_policy ? options.retry_policy : info.retry_policy;
  if (retry) *attributes.mutable_retry_policy() = ToProto(*retry);
  attributes.set_initial_versioning_behavior(
      static_cast<enums::ContinueAsNewVersioningBehavior>(options.initial_versioning_behavior));
  CopyInto(options.memo.empty() ? memo : options.memo, attributes.mutable_memo()->mutable_fields());
  CopyInto(options.search_attributes.empty() ? search_attributes : options.search_attributes,
           attributes.mutable_search_attributes()->mutable_indexed_fields());
  if (!options.headers.empty()) CopyInto(options.headers, attributes.mutable_header()->mutable_fields());
  return command;
}

}  // namespace temporal::core
