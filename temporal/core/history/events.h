#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/common/markers.h"
#include "temporal/common/versioning.h"

// What the engine wants to know about single events.
namespace temporal::core {

using api::history::v1::HistoryEvent;
using EventPtr = std::unique_ptr<HistoryEvent>;
using EventQueue = std::deque<EventPtr>;

// Written by the server because of a command; follows the WorkflowTaskCompleted that carried it.
bool IsCommandEvent(const HistoryEvent& event);

// Of a workflow task itself: nothing that the code hears of. The failure that a reset begins with is more than that, it
// brings another random seed.
bool IsTaskEvent(const HistoryEvent& event);

// Closes the run.
bool IsTerminalEvent(const HistoryEvent& event);

// Not of this engine's concern, and the server says that is fine.
bool IsIgnorable(const HistoryEvent& event);

// Of a type, or with attributes, that this engine does not know.
bool IsUnknown(const HistoryEvent& event);

// Id of the event that began what this one continues (scheduled, started or initiated), or 0.
int64_t InitialEventId(const HistoryEvent& event);

struct PatchMarker {
  std::string id;
  bool deprecated = false;
};
// Set for a core_patch marker, in the JSON form or the older plain form.
std::optional<PatchMarker> PatchMarkerOf(const HistoryEvent& event);

bool IsUpsertOfChangeVersion(const HistoryEvent& event);

// The version of the worker that completed the workflow task; without a deployment only its build id, if it has one.
WorkerDeploymentVersion CompletedBy(const HistoryEvent& workflow_task_completed);

// "TimerStarted (event 5)".
std::string Describe(const HistoryEvent& event);

inline constexpr char kPatchDetailsKey[] = "patch-data";
inline constexpr char kChangeVersionAttribute[] = "TemporalChangeVersion";

}  // namespace temporal::core
