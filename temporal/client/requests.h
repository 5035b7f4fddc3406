#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/client/client.h"
#include "temporal/common/proto.h"
#include "temporal/common/strings.h"
#include "temporal/common/versioning_proto.h"

// Shared by the client's .cc files.
namespace temporal::client_internal {

using PayloadMap = std::map<std::string, Payload>;

inline void Fill(api::common::v1::WorkflowExecution& proto, const Execution& execution) {
  proto.set_workflow_id(execution.workflow_id);
  proto.set_run_id(execution.run_id);
}

// A request with what all have: the namespace, and who asks.
template <class Request>
Request NewRequest(const ClientOptions& client) {
  Request request;
  request.set_namespace_(client.name_space);
  if constexpr (requires { request.set_identity(""); }) request.set_identity(client.identity);
  return request;
}

// For fields of type Memo, SearchAttributes and Header: a message that is there only if it has something to say.
template <class Map>
void FillMap(Map& proto, const PayloadMap& values) {
  for (const auto& [key, value] : values) proto[key] = value;
}
template <class Map>
PayloadMap ToMap(const Map& fields) {
  return {fields.begin(), fields.end()};
}

// What a start and the action of a schedule have in common.
template <class Request>
void FillWorkflow(Request& request, std::string_view type, const Payloads& input, const StartOptions& options) {
  request.set_workflow_id(options.id);
  request.mutable_workflow_type()->set_name(std::string(type));
  request.mutable_task_queue()->set_name(options.task_queue);
  *request.mutable_input() = input;
  if (options.execution_timeout > Duration(0)) {
    *request.mutable_workflow_execution_timeout() = ToProto(options.execution_timeout);
  }
  if (options.run_timeout > Duration(0)) *request.mutable_workflow_run_timeout() = ToProto(options.run_timeout);
  if (options.task_timeout > Duration(0)) *request.mutable_workflow_task_timeout() = ToProto(options.task_timeout);
  if (options.retry_policy) *request.mutable_retry_policy() = ToProto(*options.retry_policy);
  if (!options.memo.empty()) FillMap(*request.mutable_memo()->mutable_fields(), options.memo);
  if (!options.search_attributes.empty()) {
    FillMap(*request.mutable_search_attributes()->mutable_indexed_fields(), options.search_attributes);
  }
  if (!options.headers.empty()) FillMap(*request.mutable_header()->mutable_fields(), options.headers);
  if (options.versioning_override) *request.mutable_versioning_override() = ToProto(*options.versioning_override);
  using converter_internal::ScalarPayload;
  if (!options.summary.empty()) *request.mutable_user_metadata()->mutable_summary() = ScalarPayload(options.summary);
  if (!options.details.empty()) *request.mutable_user_metadata()->mutable_details() = ScalarPayload(options.details);
}

// What an update of options and a batch of these have in common. kInvalidArgument: no change, or a version that cannot
// be one.
template <class Request>
absl::Status FillChanges(const WorkflowExecutionOptionsChanges& changes, Request& request) {
  if (!changes.versioning_override) return absl::InvalidArgumentError("no change to the execution's options");
  request.mutable_update_mask()->add_paths("versioning_override");
  auto& options = *request.mutable_workflow_execution_options();
  const std::optional<VersioningOverride>& to = changes.versioning_override->value;
  if (!to) return absl::OkStatus();
  *options.mutable_versioning_override() = ToProto(*to);
  return CheckOverride(*to);
}

// Passes `input` through `method` of the interceptors, from the outermost, to `last`.
template <class Result, class Input>
Result Intercepted(const std::vector<std::shared_ptr<ClientInterceptor>>& interceptors,
                   Result (ClientInterceptor::*method)(Input, std::function<Result(Input)>),
                   std::type_identity_t<Input> input, const std::type_identity_t<std::function<Result(Input)>>& last) {
  const std::function<Result(size_t, Input)> pass = [&](size_t depth, Input passed) -> Result {
    if (depth == interceptors.size()) return last(std::move(passed));
    return (*interceptors[depth].*method)(
        std::move(passed), [&pass, depth](Input further) { return pass(depth + 1, std::move(further)); });
  };
  return pass(0, std::move(input));
}

// kInvalidArgument: no id or task queue.
absl::StatusOr<api::workflowservice::v1::StartWorkflowExecutionRequest> StartRequest(const ClientOptions& client,
                                                                                     const StartWorkflowInput& input);

WorkflowStatus ToStatus(api::enums::v1::WorkflowExecutionStatus status);
WorkflowSummary ToSummary(const api::workflow::v1::WorkflowExecutionInfo& info);
// The text of a summary or of details; empty if there is none, or it is no text.
std::string ToText(const Payload& payload);

}  // namespace temporal::client_internal
