#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/client/types.h"

namespace temporal {

// What the calls of a client are about. An interceptor may change it before it goes on.
struct StartWorkflowInput {
  std::string type;
  Payloads input;
  StartOptions options;  // the headers among them
};
struct SignalWorkflowInput {
  Execution execution;
  std::string signal;
  Payloads input;
  Headers headers;
  std::string request_id;
};
struct SignalWithStartInput {
  StartWorkflowInput start;  // its headers are those of the signal too
  std::string signal;
  Payloads signal_input;
};
struct UpdateWorkflowInput {
  Execution execution;
  std::string update;
  Payloads input;
  Headers headers;
  UpdateOptions options;
};
struct UpdateWithStartInput {
  StartWorkflowInput start;
  UpdateWorkflowInput update;
};
struct QueryWorkflowInput {
  Execution execution;
  std::string query;
  Payloads input;
  Headers headers;
  Duration timeout{0};
};
struct CancelWorkflowInput {
  Execution execution;
  std::string reason;
};
struct TerminateWorkflowInput {
  Execution execution;
  std::string reason;
};
struct DescribeWorkflowInput {
  Execution execution;
};

// Code around the calls of a client. Each function calls `next` at most once, may change what goes in and what comes
// out, and returns what the caller gets. Those not overridden pass on. Runs on the caller's thread; must be
// thread-safe.
class ClientInterceptor {
 public:
  template <class Result, class Input>
  using Next = std::function<Result(Input)>;
  using StartResult = absl::StatusOr<Started>;
  using UpdateResult = absl::StatusOr<UntypedUpdate>;
  using UpdateWithStartResult = absl::StatusOr<std::pair<Started, UntypedUpdate>>;
  using QueryResult = absl::StatusOr<Payloads>;
  using DescribeResult = absl::StatusOr<WorkflowDescription>;

  virtual ~ClientInterceptor() = default;

  virtual StartResult Start(StartWorkflowInput input, Next<StartResult, StartWorkflowInput> next) {
    return next(std::move(input));
  }
  virtual absl::Status Signal(SignalWorkflowInput input, Next<absl::Status, SignalWorkflowInput> next) {
    return next(std::move(input));
  }
  virtual StartResult SignalWithStart(SignalWithStartInput input, Next<StartResult, SignalWithStartInput> next) {
    return next(std::move(input));
  }
  virtual UpdateResult Update(UpdateWorkflowInput input, Next<UpdateResult, UpdateWorkflowInput> next) {
    return next(std::move(input));
  }
  virtual UpdateWithStartResult UpdateWithStart(UpdateWithStartInput input,
                                                Next<UpdateWithStartResult, UpdateWithStartInput> next) {
    return next(std::move(input));
  }
  virtual QueryResult Query(QueryWorkflowInput input, Next<QueryResult, QueryWorkflowInput> next) {
    return next(std::move(input));
  }
  virtual absl::Status Cancel(CancelWorkflowInput input, Next<absl::Status, CancelWorkflowInput> next) {
    return next(std::move(input));
  }
  virtual absl::Status Terminate(TerminateWorkflowInput input, Next<absl::Status, TerminateWorkflowInput> next) {
    return next(std::move(input));
  }
  virtual DescribeResult Describe(DescribeWorkflowInput input, Next<DescribeResult, DescribeWorkflowInput> next) {
    return next(std::move(input));
  }
};

}  // namespace temporal
