#pragma once

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gpuaas::activities {

// The one way from a committed intent to Temporal: sends outbox rows of the kinds `start_workflow` (reuse policy
// ALLOW_DUPLICATE, conflict policy USE_EXISTING) and `signal_workflow`, in the order of their sequence per resource, and
// marks each one sent. A row may be sent twice (a crash between send and mark): starts attach to the running workflow,
// signals carry their operation's id and the workflow ignores a repeat.
//
// A signal to a workflow that does not run any more is marked sent: there is nobody left to tell.
// Thread-safe.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;

  // Sends what is pending for one resource; the API calls it inline after its commit. Rows that another process is
  // sending right now are left to it. An error means that the relay will send them later: the request stays accepted.
  // kTemporalUnavailable, kDatabaseUnavailable, kDeadlineExceeded.
  virtual absl::Status Dispatch(std::string_view resource_id) = 0;

  // Sends up to `limit` pending rows of any resource, oldest first; the worker's relay calls it. Returns how many were
  // sent. Errors as Dispatch.
  virtual absl::StatusOr<int> DispatchPending(int limit) = 0;
};

}  // namespace gpuaas::activities
