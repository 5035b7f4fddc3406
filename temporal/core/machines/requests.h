#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "temporal/api/command/v1/message.pb.h"
#include "temporal/common/activity_options.h"
#include "temporal/core/machines/jobs.h"
#include "temporal/core/machines/local_activity_host.h"
#include "temporal/workflow/options.h"

// What the workflow's code asks for during an activation, in order. The commands are complete; the engine decides
// whether they are sent, and matches them with history.
namespace temporal::core {

using Command = api::command::v1::Command;

struct StartTimer {
  uint32_t seq = 0;
  Command command;
};
struct CancelTimer {
  uint32_t seq = 0;
};
struct ScheduleActivity {
  uint32_t seq = 0;
  Command command;
  ActivityCancellation cancellation = ActivityCancellation::kTryCancel;
};
struct CancelActivity {
  uint32_t seq = 0;
};
struct ScheduleLocalActivity {
  LocalActivityCall call;
};
struct CancelLocalActivity {
  uint32_t seq = 0;
};
struct StartChild {
  uint32_t seq = 0;
  Command command;
  ChildCancellation cancellation = ChildCancellation::kWaitCompleted;
};
struct CancelChild {
  uint32_t seq = 0;
  std::string reason;
};
struct SignalExternal {
  uint32_t seq = 0;
  Command command;
};
struct CancelSignalExternal {
  uint32_t seq = 0;
};
struct CancelExternal {
  uint32_t seq = 0;
  Command command;
};
struct SetPatch {
  std::string id;
  bool deprecated = false;
};
// Commands without an answer: upserts.
struct Record {
  Command command;
};
// The answers to an UpdateJob: accepted and later completed, or rejected.
struct AcceptUpdate {
  std::string id;
};
struct RejectUpdate {
  std::string id;
  FailureMessage failure;
};
struct CompleteUpdate {
  std::string id;
  Outcome outcome;
};
// Closes the run; only the first counts.
struct Close {
  Command command;
};

using Request = std::variant<StartTimer, CancelTimer, ScheduleActivity, CancelActivity, ScheduleLocalActivity,
                             CancelLocalActivity, StartChild, CancelChild, SignalExternal, CancelSignalExternal,
                             CancelExternal, SetPatch, Record, AcceptUpdate, RejectUpdate, CompleteUpdate, Close>;

}  // namespace temporal::core
