#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "temporal/api/common/v1/message.pb.h"
#include "temporal/api/failure/v1/message.pb.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/common/time.h"

// What history tells the workflow's code. The engine gathers the jobs of one activation; the instance applies all of
// them, then runs its coroutines. `seq` is the number under which the code asked for the step.
namespace temporal::core {

using FailureMessage = api::failure::v1::Failure;
// How a step ended: its result (empty if it has none), or why it failed.
using Outcome = std::variant<api::common::v1::Payload, FailureMessage>;

struct InitializeJob {
  api::history::v1::WorkflowExecutionStartedEventAttributes attributes;
  google::protobuf::Timestamp start_time;
  uint64_t seed = 0;
};
struct PatchJob {
  std::string id;
};
struct ReseedJob {
  uint64_t seed = 0;
};
struct SignalJob {
  std::string name;
  api::common::v1::Payloads input;
  api::common::v1::Header header;
  bool after_update = false;  // an update came first in this activation, also one that is not replayed
};
struct UpdateJob {
  std::string id;  // under which the code answers
  std::string name;
  api::common::v1::Payloads input;
  api::common::v1::Header header;
  bool run_validator = true;  // false on replay: it was accepted
};
struct CancelJob {
  std::string reason;
};
struct TimerFiredJob {
  uint32_t seq = 0;
};
struct ActivityJob {
  uint32_t seq = 0;
  Outcome outcome;
};
struct LocalActivityJob {
  uint32_t seq = 0;
  Outcome outcome;
  // Set: the outcome is that of one attempt; the code has to wait so long and ask for the next.
  struct Backoff {
    Duration duration{0};
    int attempt = 1;  // the next
  };
  std::optional<Backoff> backoff;
};
struct ChildStartJob {
  uint32_t seq = 0;
  std::variant<std::string, FailureMessage> run_id_or_failure;
};
struct ChildJob {
  uint32_t seq = 0;
  Outcome outcome;
};
struct SignalExternalJob {
  uint32_t seq = 0;
  std::optional<FailureMessage> failure;
};
struct CancelExternalJob {
  uint32_t seq = 0;
  std::optional<FailureMessage> failure;
};

using Job = std::variant<InitializeJob, PatchJob, ReseedJob, SignalJob, UpdateJob, CancelJob, TimerFiredJob,
                         ActivityJob, LocalActivityJob, ChildStartJob, ChildJob, SignalExternalJob, CancelExternalJob>;

// Jobs of a lower rank come first in an activation; equal ones keep the order of history. Signals and updates are one
// rank. Local activities come last: when the engine hears of one depends on whether it replays. Moving a job away does
// not change its rank.
inline size_t JobRank(const Job& job) {
  if (job.index() < 3) return job.index();
  if (std::holds_alternative<SignalJob>(job) || std::holds_alternative<UpdateJob>(job)) return 3;
  return std::holds_alternative<LocalActivityJob>(job) ? 5 : 4;
}
inline constexpr size_t kLastJobRank = 5;

}  // namespace temporal::core
