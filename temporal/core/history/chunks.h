#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "temporal/core/history/events.h"

namespace temporal::core {

// The events of one logical workflow task: what happened since the one before, up to its WorkflowTaskStarted, or up to
// the event that closes the run. A logical task may span several started tasks: those that failed or timed out, and
// heartbeats (started, completed, scheduled and started again without a command, and nothing else in between but
// attempts that failed or timed out).
struct ChunkEnd {
  bool complete = false;
  size_t last = 0;  // index of the chunk's last event; meaningless unless complete
};

// The first chunk in `events` beginning at index `from`, of events with ids above `after`. `all_here`: nothing can
// follow, so that a WorkflowTaskStarted at the end counts. `updates`: the events after which updates were requested of
// which the events do not tell yet.
ChunkEnd FindChunkEnd(const EventQueue& events, size_t from, int64_t after, bool all_here,
                      const std::vector<int64_t>& updates);

}  // namespace temporal::core
