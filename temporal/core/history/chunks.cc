#include "temporal/core/history/chunks.h"

#include <algorithm>

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

struct StartedTask {
  int64_t event_id = 0;
  size_t index = 0;
};

// The started tasks of a chunk are `tasks`, all but the last of them empty. An update belongs to the task that brought
// it: those before the first of these tasks with an update are a chunk of their own, or the code would meet the update
// earlier on replay than it did.
size_t EndBeforeUpdates(const std::vector<StartedTask>& tasks, const std::vector<int64_t>& updates) {
  size_t end = tasks.back().index;
  for (const int64_t after : updates) {
    const auto before =
        std::find_if(tasks.rbegin(), tasks.rend(), [&](const StartedTask& task) { return task.event_id < after; });
    if (before != tasks.rend()) end = std::min(end, before->index);
  }
  return end;
}

enum class Next { kUnknown, kTask, kOther };

// What follows a task, from index `at` on: another one at once (attempts that came to nothing do not count), or
// something else first.
Next AfterTask(const EventQueue& events, size_t at) {
  for (; at < events.size(); ++at) {
    if (!IsTaskEvent(*events[at])) return Next::kOther;
    if (events[at]->event_type() != enums::EVENT_TYPE_WORKFLOW_TASK_STARTED) continue;
    if (at + 1 == events.size() || !EndsTaskWithoutCompletion(events[at + 1]->event_type())) return Next::kTask;
  }
  return Next::kUnknown;
}

}  // namespace

ChunkEnd FindChunkEnd(const EventQueue& events, size_t from, int64_t after, bool all_here,
                      const std::vector<int64_t>& updates) {
  bool saw_command = false;
  std::vector<StartedTask> tasks;
  for (size_t i = from; i < events.size(); ++i) {
    const HistoryEvent& event = *events[i];
    if (event.event_id() <= after) continue;
    if (IsCommandEvent(event)) saw_command = true;
    if (IsTerminalEvent(event)) return {true, i};
    if (event.event_type() != enums::EVENT_TYPE_WORKFLOW_TASK_STARTED) continue;

    const auto type = [&](size_t at) { return events[at]->event_type(); };
    const auto known = [&](size_t at) { return at < events.size(); };
    if (known(i + 1) && EndsTaskWithoutCompletion(type(i + 1))) continue;
    tasks.push_back({event.event_id(), i});
    if (!known(i + 1)) return {all_here, EndBeforeUpdates(tasks, updates)};
    if (type(i + 1) != enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED) return {true, i};

    if (!known(i + 2)) return {all_here, EndBeforeUpdates(tasks, updates)};
    if (!saw_command) {
      const Next next = AfterTask(events, i + 2);
      if (next == Next::kUnknown) return {all_here, i};
      if (next == Next::kTask) continue;  // a heartbeat
    }
    if (tasks.size() == 1) return {true, i};
    std::vector<int64_t> accepted = updates;
    size_t next = i + 2;
    for (; known(next) && IsCommandEvent(*events[next]); ++next) {
      if (!events[next]->has_workflow_execution_update_accepted_event_attributes()) continue;
      accepted.push_back(
          events[next]->workflow_execution_update_accepted_event_attributes().accepted_request_sequencing_event_id());
    }
    const bool all_commands = known(next) || all_here || IsTerminalEvent(*events[next - 1]);
    return {all_commands, EndBeforeUpdates(tasks, accepted)};
  }
  return {};
}

}  // namespace temporal::core
