#pragma once

#include <optional>
#include <string>

#include "temporal/common/retry_policy.h"
#include "temporal/workflow/options.h"

namespace temporal {

// Why the server suggests to continue as new. The numbers are the wire's; a newer server may send others.
enum class ContinueAsNewReason {
  kUnspecified = 0,
  kHistorySizeTooLarge = 1,
  kTooManyHistoryEvents = 2,
  kTooManyUpdates = 3,
};

// Facts fixed when the run started.
struct WorkflowInfo {
  WorkflowInfo() {}

  std::string workflow_type;
  std::string workflow_id;
  std::string run_id;
  std::string first_run_id;      // of the chain of continue-as-new, retries and cron
  std::string continued_run_id;  // the run before this one in the chain, or empty
  std::string namespace_name;
  std::string task_queue;
  int attempt = 1;
  Time start_time;
  Duration execution_timeout{0};
  Duration run_timeout{0};
  Duration task_timeout{0};
  std::optional<RetryPolicy> retry_policy;
  std::string cron_schedule;
  std::string parent_workflow_id;  // empty: started by a client
  std::string parent_run_id;
  std::string parent_namespace;
  PayloadMap headers;
  PayloadMap memo;
  PayloadMap search_attributes;
  Payloads last_completion_result;  // of the cron or retried run before this one
};

}  // namespace temporal
