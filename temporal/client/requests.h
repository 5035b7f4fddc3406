#pragma once

#include <string>

#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/client/client.h"
#include "temporal/common/proto.h"
#include "temporal/common/strings.h"

// Shared by the client's .cc files.
namespace temporal::client_internal {

inline void Fill(api::common::v1::WorkflowExecution& proto, const Execution& execution) {
  proto.set_workflow_id(execution.workflow_id);
  proto.set_run_id(execution.run_id);
}

// kInvalidArgument: no id or task queue.
absl::StatusOr<api::workflowservice::v1::StartWorkflowExecutionRequest> StartRequest(const ClientOptions& client,
                                                                                     std::string_view type,
                                                                                     const Payloads& input,
                                                                                     const StartOptions& options);

WorkflowSummary ToSummary(const api::workflow::v1::WorkflowExecutionInfo& info);

}  // namespace temporal::client_internal
