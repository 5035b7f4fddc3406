#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace temporal {
class Client;
}

namespace gpuaas::platform {
class Clock;
class Database;
}  // namespace gpuaas::platform

namespace gpuaas::activities {

// The one way from a committed intent to Temporal: sends outbox rows of the kinds `start_workflow` (reuse policy
// ALLOW_DUPLICATE, conflict policy USE_EXISTING) and `signal_workflow`, in the order of their sequence per workflow,
// and marks each one sent. Rows are claimed in one transaction and marked in another; no transaction is open and no
// connection held while Temporal is called. So a row may be sent twice (a crash between send and mark): starts and
// signals carry the row's id as request id, and what the server does not deduplicate the receiver ignores, because the
// operation that it names has been begun or has ended.
//
// A signal to a workflow that does not run any more is marked sent: there is nobody left to tell. But while its
// operation runs, somebody waits for it: the row stays pending, in case the workflow is reset, and the ops item
// `workflow_missing` is open. A row that Temporal refuses again and again raises `outbox_stuck`. Both are closed when
// the row is sent or its operation has ended. Calls to Temporal are tried once, for at most 3 s. Thread-safe.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;

  // Sends what is pending for one workflow ("allocation/alloc_..."); the API calls it inline after its commit. Rows
  // that another process is sending right now are left to it. While the last call to Temporal had no answer, one caller
  // every few seconds tries and the others fail at once. An error means that the relay will send the rows later: the
  // request stays accepted. kTemporalUnavailable, kDatabaseUnavailable, kDeadlineExceeded.
  virtual absl::Status Dispatch(std::string_view workflow_id) = 0;

  // Sends pending rows of up to `limit` workflows, oldest first; the worker's relay calls it. Returns how many rows
  // were sent. Errors as Dispatch.
  virtual absl::StatusOr<int> DispatchPending(int limit) = 0;
};

// Workflows are started on `task_queue`. The references must outlive the dispatcher.
std::unique_ptr<Dispatcher> NewDispatcher(platform::Database& database, std::shared_ptr<temporal::Client> client,
                                          const platform::Clock& clock, std::string task_queue = "gpuaas");

}  // namespace gpuaas::activities
