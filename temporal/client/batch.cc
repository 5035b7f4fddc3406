#include "temporal/client/batch.h"

#include "temporal/client/requests.h"

namespace temporal {

namespace service = api::workflowservice::v1;
namespace enums = api::enums::v1;
using client_internal::Fill;
using client_internal::NewRequest;
using Request = service::StartBatchOperationRequest;

namespace {

BatchOperationState ToState(enums::BatchOperationState state) {
  switch (state) {
    case enums::BATCH_OPERATION_STATE_RUNNING:
      return BatchOperationState::kRunning;
    case enums::BATCH_OPERATION_STATE_COMPLETED:
      return BatchOperationState::kCompleted;
    case enums::BATCH_OPERATION_STATE_FAILED:
      return BatchOperationState::kFailed;
    default:
      return BatchOperationState::kUnspecified;
  }
}

// Newer servers use other numbers, of which the API says that they replace the first ones.
BatchOperationType ToType(enums::BatchOperationType type) {
  switch (static_cast<int>(type)) {
    case 0:
      return BatchOperationType::kUnspecified;
    case 1:
    case enums::BATCH_OPERATION_TYPE_TERMINATE_WORKFLOW:
      return BatchOperationType::kTerminate;
    case 2:
    case enums::BATCH_OPERATION_TYPE_CANCEL_WORKFLOW:
      return BatchOperationType::kCancel;
    case 3:
    case enums::BATCH_OPERATION_TYPE_SIGNAL_WORKFLOW:
      return BatchOperationType::kSignal;
    case 4:
    case enums::BATCH_OPERATION_TYPE_DELETE_WORKFLOW:
      return BatchOperationType::kDelete;
    case 5:
    case enums::BATCH_OPERATION_TYPE_RESET_WORKFLOW:
      return BatchOperationType::kReset;
    case 6:
    case enums::BATCH_OPERATION_TYPE_UPDATE_WORKFLOW_EXECUTION_OPTIONS:
      return BatchOperationType::kUpdateOptions;
    default:
      return BatchOperationType::kOther;
  }
}

template <class Info>
BatchOperationSummary ToSummary(const Info& info) {
  BatchOperationSummary summary;
  summary.job_id = info.job_id();
  summary.state = ToState(info.state());
  summary.started_at = FromProto(info.start_time());
  if (info.has_close_time()) summary.closed_at = FromProto(info.close_time());
  return summary;
}

// Servers before the last ones know only this field.
void AddExecution(const Execution& execution, Request& request) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  Fill(*request.add_executions(), execution);
#pragma clang diagnostic pop
}

}  // namespace

absl::StatusOr<std::string> BatchClient::Start(Request request, const BatchOptions& options) {
  if (options.reason.empty()) return absl::InvalidArgumentError("a batch operation needs a reason");
  if (options.query.empty() == options.executions.empty()) {
    return absl::InvalidArgumentError("a batch operation needs either a query or executions");
  }
  request.set_namespace_(options_.name_space);
  request.set_visibility_query(options.query);
  for (const Execution& each : options.executions) AddExecution(each, request);
  request.set_reason(options.reason);
  request.set_job_id(options.job_id.empty() ? NewUuid() : options.job_id);
  request.set_max_operations_per_second(options.max_operations_per_second);
  const auto started = Invoke<service::StartBatchOperationResponse>(*transport_, "StartBatchOperation", request);
  if (!started.ok()) return started.status();
  return request.job_id();
}

absl::StatusOr<std::string> BatchClient::SignalUntyped(std::string_view name, const Payloads& input,
                                                       const BatchOptions& options) {
  Request request;
  auto& operation = *request.mutable_signal_operation();
  operation.set_signal(std::string(name));
  *operation.mutable_input() = input;
  operation.set_identity(options_.identity);
  return Start(std::move(request), options);
}

absl::StatusOr<std::string> BatchClient::Cancel(const BatchOptions& options) {
  Request request;
  request.mutable_cancellation_operation()->set_identity(options_.identity);
  return Start(std::move(request), options);
}

absl::StatusOr<std::string> BatchClient::Terminate(const BatchOptions& options) {
  Request request;
  request.mutable_termination_operation()->set_identity(options_.identity);
  return Start(std::move(request), options);
}

absl::StatusOr<std::string> BatchClient::Delete(const BatchOptions& options) {
  Request request;
  request.mutable_deletion_operation()->set_identity(options_.identity);
  return Start(std::move(request), options);
}

absl::StatusOr<std::string> BatchClient::UpdateExecutionOptions(const WorkflowExecutionOptionsChanges& changes,
                                                                const BatchOptions& options) {
  Request request;
  auto& operation = *request.mutable_update_workflow_options_operation();
  operation.set_identity(options_.identity);
  if (absl::Status status = client_internal::FillChanges(changes, operation); !status.ok()) return status;
  return Start(std::move(request), options);
}

absl::StatusOr<std::string> BatchClient::Reset(const ResetOptions& reset, const BatchOptions& options) {
  if (reset.workflow_task_finish_event_id != 0) {
    return absl::InvalidArgumentError("a batch cannot go back to the same event of many workflows");
  }
  Request request;
  request.mutable_reset_operation()->set_identity(options_.identity);
  auto& target = *request.mutable_reset_operation()->mutable_options();
  if (reset.type == ResetType::kFirstWorkflowTask) {
    target.mutable_first_workflow_task();
  } else {
    target.mutable_last_workflow_task();
  }
  for (const ResetReapplyExclude each : reset.exclude) {
    target.add_reset_reapply_exclude_types(static_cast<enums::ResetReapplyExcludeType>(each));
  }
  return Start(std::move(request), options);
}

absl::StatusOr<BatchOperationDescription> BatchClient::Describe(std::string_view job_id) {
  auto request = NewRequest<service::DescribeBatchOperationRequest>(options_);
  request.set_job_id(std::string(job_id));
  const auto response = Invoke<service::DescribeBatchOperationResponse>(*transport_, "DescribeBatchOperation", request);
  if (!response.ok()) return response.status();
  BatchOperationDescription description;
  description.summary = ToSummary(*response);
  description.type = ToType(response->operation_type());
  description.total = response->total_operation_count();
  description.complete = response->complete_operation_count();
  description.failed = response->failure_operation_count();
  description.identity = response->identity();
  description.reason = response->reason();
  return description;
}

absl::Status BatchClient::Stop(std::string_view job_id, std::string_view reason) {
  auto request = NewRequest<service::StopBatchOperationRequest>(options_);
  request.set_job_id(std::string(job_id));
  request.set_reason(std::string(reason));
  return Invoke<service::StopBatchOperationResponse>(*transport_, "StopBatchOperation", request).status();
}

absl::StatusOr<BatchOperationPage> BatchClient::List(int page_size, std::string_view page_token) {
  auto request = NewRequest<service::ListBatchOperationsRequest>(options_);
  request.set_page_size(page_size);
  request.set_next_page_token(std::string(page_token));
  const auto response = Invoke<service::ListBatchOperationsResponse>(*transport_, "ListBatchOperations", request);
  if (!response.ok()) return response.status();
  BatchOperationPage page;
  for (const auto& info : response->operation_info()) page.operations.push_back(ToSummary(info));
  page.next_page_token = response->next_page_token();
  return page;
}

}  // namespace temporal
