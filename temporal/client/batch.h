#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "temporal/client/client.h"

namespace temporal::api::workflowservice::v1 {
class StartBatchOperationRequest;
}

namespace temporal {

// Which workflows a batch operation is for.
struct BatchOptions {
  BatchOptions() {}
  BatchOptions(std::string visibility_query, std::string why)
      : query(std::move(visibility_query)), reason(std::move(why)) {}

  std::string query;                    // as of Client::List
  std::vector<Execution> executions;    // instead of a query
  std::string reason;                   // must be given
  std::string job_id;                   // one that was there before is kAlreadyExists; empty: a new one
  float max_operations_per_second = 0;  // 0: the server's
};

enum class BatchOperationState { kUnspecified, kRunning, kCompleted, kFailed };
enum class BatchOperationType { kUnspecified, kTerminate, kCancel, kSignal, kDelete, kReset, kUpdateOptions, kOther };

struct BatchOperationSummary {
  std::string job_id;
  BatchOperationState state = BatchOperationState::kUnspecified;
  Time started_at;
  std::optional<Time> closed_at;
};

struct BatchOperationDescription {
  BatchOperationSummary summary;
  BatchOperationType type = BatchOperationType::kUnspecified;
  int64_t total = 0;     // workflows
  int64_t complete = 0;  // of which it worked,
  int64_t failed = 0;    // and did not
  std::string identity;
  std::string reason;
};

struct BatchOperationPage {
  std::vector<BatchOperationSummary> operations;
  std::string next_page_token;  // empty: the last page
};

// Operations on many workflows at once, done by the server in the background. Those that start one return its job id.
// Thread-safe. kInvalidArgument: no reason, neither query nor executions, or both. kResourceExhausted: as many run as
// the namespace may have (one, by default). A query that means nothing is found out by the job, which goes on trying
// until it is stopped.
class BatchClient {
 public:
  explicit BatchClient(const Client& client) : transport_(client.transport()), options_(client.options()) {}

  template <class Argument>
  absl::StatusOr<std::string> Signal(const SignalRef<Argument>& signal, const std::type_identity_t<Argument>& argument,
                                     const BatchOptions& options) {
    auto input = ToPayloads(argument);
    if (!input.ok()) return input.status();
    return SignalUntyped(signal.name, *input, options);
  }
  absl::StatusOr<std::string> SignalUntyped(std::string_view name, const Payloads& input, const BatchOptions& options);
  absl::StatusOr<std::string> Cancel(const BatchOptions& options);
  absl::StatusOr<std::string> Terminate(const BatchOptions& options);
  absl::StatusOr<std::string> Delete(const BatchOptions& options);
  // Of the reset's options `type` and `exclude` count; the reason is the batch's.
  absl::StatusOr<std::string> Reset(const ResetOptions& reset, const BatchOptions& options);
  // As Client::UpdateExecutionOptions: for example to move pinned runs off a version.
  absl::StatusOr<std::string> UpdateExecutionOptions(const WorkflowExecutionOptionsChanges& changes,
                                                     const BatchOptions& options);

  // kNotFound: no such job (any more).
  absl::StatusOr<BatchOperationDescription> Describe(std::string_view job_id);
  // What has been done stays done.
  absl::Status Stop(std::string_view job_id, std::string_view reason);
  absl::StatusOr<BatchOperationPage> List(int page_size, std::string_view page_token = {});

 private:
  absl::StatusOr<std::string> Start(api::workflowservice::v1::StartBatchOperationRequest request,
                                    const BatchOptions& options);

  const std::shared_ptr<Transport> transport_;
  const ClientOptions options_;
};

}  // namespace temporal
