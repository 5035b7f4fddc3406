#include "temporal/core/history/chunks.h"

#include <utility>
#include <vector>

namespace temporal::core {

namespace enums = api::enums::v1;

namespace {

bool EndsTaskWithoutCompletion(enums::EventType type) {
  switch (type) {
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED:
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
      return true;
    default:
      return false;
  }
}

}  // namespace

ChunkEnd FindChunkEnd(const EventQueue& events, size_t from, int64_t after, bool all_here) {
  bool saw_command = false;
  std::vector<std::pair<int64_t, size_t>> started;  // tasks of this chunk so far: event id, index
  for (size_t i = from; i < events.size(); ++i) {
    const HistoryEvent& event = *events[i];
    if (event.event_id() <= after) continue;
    if (IsCommandEvent(event)) saw_command = true;
    if (IsTerminalEvent(event)) return {true, i};
    if (event.event_type() != enums::EVENT_TYPE_WORKFLOW_TASK_STARTED) continue;

    if (i + 1 == events.size()) return {all_here, i};
    const enums::EventType next = events[i + 1]->event_type();
    if (EndsTaskWithoutCompletion(next)) continue;
    started.emplace_back(event.event_id(), i);
    if (next == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED) {
      if (i + 2 == events.size()) return {all_here, i};
      const HistoryEvent& after_completed = *events[i + 2];
      const bool heartbeat = !saw_command && after_completed.event_type() == enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED;
      if (heartbeat) continue;
      if (after_completed.has_workflow_execution_update_accepted_event_attributes()) {
        // The update was requested before a task further back: the chunk ends where it was delivered.
        const int64_t request_id = after_completed.workflow_execution_update_accepted_event_attributes()
                                       .accepted_request_sequencing_event_id();
        for (auto task = started.rbegin(); task != started.rend(); ++task) {
          if (task->first < request_id) return {true, task->second};
        }
      }
    }
    return {true, i};
  }
  return {};
}

}  // namespace temporal::core
