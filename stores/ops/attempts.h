#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"

namespace gpuaas::stores {

// Every attempt of every activity, as its interceptor saw it: Temporal's history keeps the last failure only.
struct Attempt {
  std::string workflow_id;  // "allocation/alloc_..."
  std::string run_id;
  std::string activity_id;  // Temporal's, unique in the run
  std::string step;         // activity type, "allocation.ReservePlacement"
  int number = 1;           // Temporal's attempt number, from 1
  OperationId operation;    // empty if the step belongs to none
  std::string worker;       // identity of the process
  Time started_at;
  std::optional<Time> ended_at;
  std::string outcome;     // "running" | "completed" | "failed" | "cancelled"; running without end: the worker died
  std::string error_code;  // wire name of an ErrorCode; empty unless failed
  std::string message;     // the cause of a failure, or what came of a completed step
  bool retryable = false;  // of the failure
  std::optional<Time> next_retry_at;
};

struct AttemptEnd {
  std::string outcome;
  std::string error_code;
  std::string message;
  bool retryable = false;
  std::optional<Time> next_retry_at;
  Time now;
};

// Writes the attempt as running. The row gets the tenant of the allocation the workflow id names, else the platform's.
// A repeat of the same (workflow, run, activity, number, started_at) changes nothing: a reset that restarts the count
// has another run.
absl::Status BeginAttempt(platform::Transaction& tx, const Attempt& attempt);

// Ends the attempt; does nothing if it ended before or was never begun.
absl::Status EndAttempt(platform::Transaction& tx, const std::string& workflow_id, const std::string& run_id,
                        const std::string& activity_id, int number, const AttemptEnd& end);

// What an activity keeps failing with.
struct AttemptFailures {
  Time since;  // the end of the first attempt that failed
  int attempts = 0;
  std::string cause;  // of the last one; empty: its worker went down with it
};
// Nothing if no attempt of the activity has failed in this run.
absl::StatusOr<std::optional<AttemptFailures>> GetAttemptFailures(platform::Transaction& tx,
                                                                  const std::string& workflow_id,
                                                                  const std::string& run_id,
                                                                  const std::string& activity_id);

// In the order they began; with a `run_id` only that run's.
absl::StatusOr<std::vector<Attempt>> ListAttempts(platform::Transaction& tx, const std::string& workflow_id,
                                                  const std::string& run_id = {});

}  // namespace gpuaas::stores
