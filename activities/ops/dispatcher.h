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
// and marks each one sent. A row may be sent twice (a crash between send and mark): starts and signals carry the row's
// id as request id, and what the server does not deduplicate the workflow ignores.
//
// A signal to a workflow that does not run any more is marked sent: there is nobody left to tell. If its operation
// still runs, an ops item is raised. Calls to Temporal are tried once, for at most 3 s. Thread-safe.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;

  // Sends what is pending for one workflow ("allocation/alloc_..."); the API calls it inline after its commit. Rows
  // that another process is sending right now are left to it. An error means that the relay will send them later: the
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
