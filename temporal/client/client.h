#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/client/eager.h"
#include "temporal/client/interceptor.h"
#include "temporal/client/types.h"
#include "temporal/common/failure.h"
#include "temporal/common/refs.h"
#include "temporal/converter/payload.h"
#include "temporal/transport/transport.h"

namespace temporal::api::history::v1 {
class History;
}

namespace temporal {

struct ClientOptions {
  ClientOptions() {}
  explicit ClientOptions(std::string ns) : name_space(std::move(ns)) {}

  std::string name_space = "default";
  std::string identity;                                          // shown in histories; empty: pid@host
  std::vector<std::shared_ptr<ClientInterceptor>> interceptors;  // the first is the outermost
  FailureHook failure_hook;  // for the failures of activities that are completed from outside (client/async_activity.h)
};

// The typed client. Thread-safe; each function is one call (or a few) to the server and blocks for it.
// Errors everywhere: kUnavailable, kDeadlineExceeded, kResourceExhausted, kUnauthenticated, kPermissionDenied,
// kNotFound (no such execution, or it has ended and the call needs a running one), and those named below. What the
// server says beside the code is kept: transport/error_details.h. More of it: client/async_activity.h,
// client/schedules.h, client/batch.h, client/deployments.h.
class Client {
 public:
  Client(std::shared_ptr<Transport> transport, ClientOptions options = ClientOptions());

  // kAlreadyExists: running and conflict is kFail, or the reuse policy forbids it. kInvalidArgument: no id or task
  // queue.
  template <class Request, class Result>
  absl::StatusOr<Started> Start(const WorkflowRef<Request, Result>& workflow, const Request& request,
                                const StartOptions& options) {
    auto input = ToPayloads(request);
    if (!input.ok()) return input.status();
    return StartUntyped(workflow.name, *input, options);
  }

  template <class Argument>
  absl::Status Signal(const Execution& execution, const SignalRef<Argument>& signal, const Argument& argument,
                      std::string_view request_id = {}) {
    auto input = ToPayloads(argument);
    if (!input.ok()) return input.status();
    return SignalUntyped(execution, signal.name, *input, request_id);
  }

  // Starts the workflow unless it runs, and signals it, as one.
  template <class Request, class Result, class Argument>
  absl::StatusOr<Started> SignalWithStart(const WorkflowRef<Request, Result>& workflow, const Request& request,
                                          const SignalRef<Argument>& signal, const Argument& argument,
                                          const StartOptions& options) {
    auto input = ToPayloads(request);
    if (!input.ok()) return input.status();
    auto signal_input = ToPayloads(argument);
    if (!signal_input.ok()) return signal_input.status();
    return SignalWithStartUntyped(workflow.name, *input, signal.name, *signal_input, options);
  }

  // kInvalidArgument: no such query, or it failed. Needs a worker; also answers for ended workflows.
  template <class Argument, class Result>
  absl::StatusOr<Result> Query(const Execution& execution, const QueryRef<Argument, Result>& query,
                               const Argument& argument, Duration timeout = std::chrono::seconds(10)) {
    auto input = ToPayloads(argument);
    if (!input.ok()) return input.status();
    auto result = QueryUntyped(execution, query.name, *input, timeout);
    if (!result.ok()) return result.status();
    return FromPayloads<Result>(*result);
  }

  // Waits for the end, following continue-as-new, retries and cron, at most `timeout`. The workflow's own failure comes
  // back as a status that carries the Failure (converter/failure_converter.h). kDeadlineExceeded without a carried
  // Failure: still running.
  template <class Request, class Result>
  absl::StatusOr<Result> GetResult(const WorkflowRef<Request, Result>&, const Execution& execution, Duration timeout,
                                   std::stop_token stop = {}) {
    auto result = GetResultUntyped(execution, timeout, stop);
    if (!result.ok()) return result.status();
    if constexpr (std::is_same_v<Result, Nothing>) {
      return Nothing{};
    } else {
      return FromPayloads<Result>(*result);
    }
  }

  // Asks for an update and waits until it has come as far as the options say. A rejected update has come all the way:
  // GetResult says why. Needs a worker. kNotFound: there is no such execution, or it ended before it accepted the
  // update. kDeadlineExceeded: it has not come so far in time; asking again with the same id goes on waiting.
  template <class Argument, class Result>
  absl::StatusOr<UpdateHandle<Result>> Update(const Execution& execution, const UpdateRef<Argument, Result>& update,
                                              const std::type_identity_t<Argument>& argument,
                                              const UpdateOptions& options = UpdateOptions()) {
    auto input = ToPayloads(argument);
    if (!input.ok()) return input.status();
    auto asked = UpdateUntyped(execution, update.name, *input, options);
    if (!asked.ok()) return asked.status();
    return UpdateHandle<Result>{*std::move(asked)};
  }
  // The same for callers that want nothing but the result.
  template <class Argument, class Result>
  absl::StatusOr<Result> ExecuteUpdate(const Execution& execution, const UpdateRef<Argument, Result>& update,
                                       const std::type_identity_t<Argument>& argument,
                                       UpdateOptions options = UpdateOptions()) {
    auto handle = Update(execution, update, argument, options.WithStage(UpdateStage::kCompleted));
    if (!handle.ok()) return handle.status();
    return GetResult(*handle, Duration(0));
  }
  // Starts the workflow unless it runs, and asks it for an update, as one. Not for cron schedules and delayed starts.
  template <class Request, class WorkflowResult, class Argument, class Result>
  absl::StatusOr<StartedUpdate<Result>> UpdateWithStart(const WorkflowRef<Request, WorkflowResult>& workflow,
                                                        const std::type_identity_t<Request>& request,
                                                        const UpdateRef<Argument, Result>& update,
                                                        const std::type_identity_t<Argument>& argument,
                                                        const StartOptions& start,
                                                        const UpdateOptions& options = UpdateOptions()) {
    auto input = ToPayloads(request);
    if (!input.ok()) return input.status();
    auto update_input = ToPayloads(argument);
    if (!update_input.ok()) return update_input.status();
    auto asked = UpdateWithStartUntyped(workflow.name, *input, update.name, *update_input, start, options);
    if (!asked.ok()) return asked.status();
    return StartedUpdate<Result>{std::move(asked->first), {std::move(asked->second)}};
  }
  // Waits for the update's end, at most `timeout`. Its failure, or why it was rejected, comes back as a status that
  // carries the Failure. kFailedPrecondition, carrying a Failure: the workflow ended before the update did.
  // kDeadlineExceeded without a carried Failure: still under way.
  template <class Result>
  absl::StatusOr<Result> GetResult(const UpdateHandle<Result>& update, Duration timeout, std::stop_token stop = {}) {
    auto result = GetUpdateResultUntyped(update, timeout, stop);
    if (!result.ok()) return result.status();
    if constexpr (std::is_same_v<Result, Nothing>) {
      return Nothing{};
    } else {
      return FromPayloads<Result>(*result);
    }
  }

  absl::StatusOr<Started> StartUntyped(std::string_view type, const Payloads& input, const StartOptions& options);
  absl::Status SignalUntyped(const Execution& execution, std::string_view name, const Payloads& input,
                             std::string_view request_id = {});
  absl::StatusOr<Started> SignalWithStartUntyped(std::string_view type, const Payloads& input, std::string_view signal,
                                                 const Payloads& signal_input, const StartOptions& options);
  absl::StatusOr<Payloads> QueryUntyped(const Execution& execution, std::string_view name, const Payloads& input,
                                        Duration timeout);
  absl::StatusOr<UntypedUpdate> UpdateUntyped(const Execution& execution, std::string_view name, const Payloads& input,
                                              const UpdateOptions& options);
  absl::StatusOr<std::pair<Started, UntypedUpdate>> UpdateWithStartUntyped(std::string_view type, const Payloads& input,
                                                                           std::string_view update,
                                                                           const Payloads& update_input,
                                                                           const StartOptions& start,
                                                                           const UpdateOptions& options);
  absl::StatusOr<Payloads> GetUpdateResultUntyped(const UntypedUpdate& update, Duration timeout,
                                                  std::stop_token stop = {});
  absl::StatusOr<Payloads> GetResultUntyped(const Execution& execution, Duration timeout, std::stop_token stop = {});

  absl::StatusOr<WorkflowDescription> Describe(const Execution& execution);

  // Visibility: eventually consistent. `query` as in Temporal's list filters, empty for all; kInvalidArgument if
  // malformed.
  absl::StatusOr<ListPage> List(std::string_view query, int page_size, std::string_view page_token = {});
  absl::StatusOr<int64_t> Count(std::string_view query);
  // For a query that ends with "GROUP BY <attribute>".
  absl::StatusOr<std::vector<CountGroup>> CountGroups(std::string_view query);

  // The whole history, fetched page by page (include temporal/api/history/v1/message.pb.h).
  absl::StatusOr<api::history::v1::History> History(const Execution& execution);

  absl::Status Cancel(const Execution& execution, std::string_view reason = {});
  absl::Status Terminate(const Execution& execution, std::string_view reason);

  // A new run that goes on behind that workflow task; the current run is terminated. Returns the new run id. What came
  // later is brought to the new run as far as the options do not exclude it. kFailedPrecondition: no such task yet.
  absl::StatusOr<std::string> Reset(const Execution& execution, const ResetOptions& options);
  // Changes options of a running execution; the next workflow task goes by them. Returns those that hold now.
  // kInvalidArgument: no change, or a version that cannot be one. kFailedPrecondition: no such version.
  absl::StatusOr<WorkflowExecutionOptions> UpdateExecutionOptions(const Execution& execution,
                                                                  const WorkflowExecutionOptionsChanges& changes);
  // Takes the execution and its history off the server, soon; a running one is terminated. No way back.
  absl::Status Delete(const Execution& execution);

  // Operator's control of one pending activity. Pause + unpause makes the next attempt now and keeps the count of
  // attempts; reset starts the count again. kNotFound: no such pending activity.
  absl::Status PauseActivity(const Execution& execution, std::string_view activity_id, std::string_view reason);
  absl::Status UnpauseActivity(const Execution& execution, std::string_view activity_id, bool reset_attempts = false);
  absl::Status ResetActivity(const Execution& execution, std::string_view activity_id);

  // The server's version. One try: kUnavailable or kDeadlineExceeded, the server is not there.
  absl::StatusOr<std::string> Ping(Duration timeout = std::chrono::seconds(3));

  const ClientOptions& options() const { return options_; }
  const std::shared_ptr<Transport>& transport() const { return transport_; }
  // The workers that use this client, for StartOptions::enable_eager_start.
  const std::shared_ptr<EagerWorkflowDispatcher>& eager_dispatcher() const { return eager_dispatcher_; }

 private:
  ClientInterceptor::UpdateWithStartResult AskWithStart(const UpdateWithStartInput& input);

  const std::shared_ptr<Transport> transport_;
  ClientOptions options_;
  const std::shared_ptr<EagerWorkflowDispatcher> eager_dispatcher_ = std::make_shared<EagerWorkflowDispatcher>();
};

}  // namespace temporal
