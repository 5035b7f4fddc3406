#pragma once

#include "absl/status/statusor.h"

namespace temporal::api::workflowservice::v1 {
class GetWorkflowExecutionHistoryRequest;
class GetWorkflowExecutionHistoryResponse;
}  // namespace temporal::api::workflowservice::v1

namespace temporal::core {

// Where the missing pages of a history come from. Called from the threads that call WorkflowTaskHandler::Handle.
class HistoryFetcher {
 public:
  virtual ~HistoryFetcher() = default;
  // One page of GetWorkflowExecutionHistory.
  virtual absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
      const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest& request) = 0;
};

}  // namespace temporal::core
