#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/api/common/v1/message.pb.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/core/history/chunks.h"
#include "temporal/core/history/events.h"
#include "temporal/core/history/fetcher.h"

namespace temporal::core {

// Gives out the history that came with a workflow task chunk by chunk, and fetches what is missing: never more than is
// needed to see two chunks ahead. Errors: Unreachable for those of the fetcher, but for a CodecError; BadHistory if the
// history ends too early.
class HistoryReader {
 public:
  struct Chunk {
    std::vector<EventPtr> events;
    bool last = false;     // nothing follows
    bool partial = false;  // does not reach a started task: only what the last completed task recorded
  };

  // Takes the events out of `task`. `from_start`: the task's events are not the ones wanted first, fetch from event 1;
  // those of the task, and its further pages, are kept for the end (a speculative task's events exist nowhere else).
  // The task's messages tell where it begins, so they must still be in it.
  HistoryReader(HistoryFetcher& fetcher, std::string namespace_name,
                api::workflowservice::v1::PollWorkflowTaskQueueResponse& task, bool from_start);

  // The chunk after the task started by event `after`. Empty at the end of the history.
  absl::StatusOr<Chunk> Take(int64_t after);

  // Events of the chunk that Take would give next; empty if the history ends. For looking ahead, right after a Take.
  std::vector<const HistoryEvent*> Peek(int64_t after) const;

  // The next WorkflowTaskCompleted among the events at hand, or null.
  const HistoryEvent* PeekCompleted() const;

 private:
  ChunkEnd FindEnd(size_t from, int64_t after) const;
  absl::Status ReadAhead(int64_t after);
  absl::Status FetchPage();
  bool all_here() const { return no_more_pages_ && last_event_id_ >= started_event_id_; }

  HistoryFetcher& fetcher_;
  std::string namespace_name_;
  api::common::v1::WorkflowExecution execution_;
  int64_t started_event_id_;
  std::vector<int64_t> updates_;
  bool no_more_pages_ = false;
  std::string next_page_token_;
  int empty_pages_ = 0;        // one after the other
  int64_t last_event_id_ = 0;  // of the last event ever queued
  EventQueue events_;
  EventQueue final_events_;
  std::string final_page_token_;
};

}  // namespace temporal::core
