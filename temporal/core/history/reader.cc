#include "temporal/core/history/reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/converter/codec.h"
#include "temporal/core/history/errors.h"

namespace temporal::core {

namespace enums = api::enums::v1;

namespace {

// A server may send some; endless ones would keep the worker busy for ever.
constexpr int kMaxEmptyPages = 1000;

// Without copying the events.
void MoveEvents(api::history::v1::History& history, EventQueue& queue) {
  auto& events = *history.mutable_events();
  std::vector<HistoryEvent*> owned(events.size());
  events.ExtractSubrange(0, events.size(), owned.data());
  for (HistoryEvent* event : owned) queue.emplace_back(event);
}

bool RecordedByCompletedTask(const HistoryEvent& event) {
  return IsCommandEvent(event) || IsIgnorable(event) ||
         event.event_type() == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED ||
         event.event_type() == enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED;
}

}  // namespace

HistoryReader::HistoryReader(HistoryFetcher& fetcher, std::string namespace_name,
                             api::workflowservice::v1::PollWorkflowTaskQueueResponse& task, bool from_start)
    : fetcher_(fetcher),
      namespace_name_(std::move(namespace_name)),
      execution_(task.workflow_execution()),
      started_event_id_(task.started_event_id()) {
  for (const auto& message : task.messages()) updates_.push_back(message.event_id());
  if (from_start) {
    MoveEvents(*task.mutable_history(), final_events_);
    final_page_token_ = task.next_page_token();
    return;
  }
  MoveEvents(*task.mutable_history(), events_);
  if (!events_.empty()) last_event_id_ = events_.back()->event_id();
  next_page_token_ = task.next_page_token();
  no_more_pages_ = next_page_token_.empty();
}

ChunkEnd HistoryReader::FindEnd(size_t from, int64_t after) const {
  return FindChunkEnd(events_, from, after, all_here(), updates_);
}

absl::Status HistoryReader::FetchPage() {
  api::workflowservice::v1::GetWorkflowExecutionHistoryRequest request;
  request.set_namespace_(namespace_name_);
  *request.mutable_execution() = execution_;
  request.set_next_page_token(next_page_token_);
  auto response = fetcher_.Fetch(request);
  if (!response.ok()) {
    // What cannot be decoded came from a server that can be reached.
    const bool undecoded = FailedCodecStep(response.status()) != CodecStep::kNone;
    return undecoded ? response.status() : Unreachable(response.status());
  }
  next_page_token_ = response->next_page_token();
  no_more_pages_ = next_page_token_.empty();

  empty_pages_ = response->history().events().empty() ? empty_pages_ + 1 : 0;
  if (empty_pages_ > kMaxEmptyPages) return BadHistory("one empty page follows the other");

  EventQueue page;
  MoveEvents(*response->mutable_history(), page);
  if (no_more_pages_) {
    for (EventPtr& event : final_events_) page.push_back(std::move(event));
    final_events_.clear();
  }
  for (EventPtr& event : page) {
    if (event->event_id() <= last_event_id_) continue;  // pages may overlap
    // What was written since then, if the task was given up meanwhile, came with other tasks.
    if (started_event_id_ > 0 && event->event_id() > started_event_id_) {
      next_page_token_.clear();
      no_more_pages_ = true;
      break;
    }
    last_event_id_ = event->event_id();
    events_.push_back(std::move(event));
  }
  if (no_more_pages_ && last_event_id_ < started_event_id_ && !final_page_token_.empty()) {
    next_page_token_ = std::exchange(final_page_token_, {});
    no_more_pages_ = false;
  }
  return absl::OkStatus();
}

absl::Status HistoryReader::ReadAhead(int64_t after) {
  while (!all_here()) {
    const ChunkEnd first = FindEnd(0, after);
    if (first.complete && FindEnd(first.last + 1, after).complete) break;
    if (no_more_pages_) {
      return BadHistory(
          absl::StrCat("it ends with event ", last_event_id_, ", before the started event ", started_event_id_));
    }
    if (absl::Status status = FetchPage(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<HistoryReader::Chunk> HistoryReader::Take(int64_t after) {
  if (absl::Status status = ReadAhead(after); !status.ok()) return status;
  Chunk chunk;
  const ChunkEnd end = FindEnd(0, after);
  size_t count = end.complete ? end.last + 1 : 0;
  if (!end.complete) {
    chunk.partial = true;
    while (count < events_.size() && RecordedByCompletedTask(*events_[count])) ++count;
  }
  for (size_t i = 0; i < count; ++i) {
    chunk.events.push_back(std::move(events_.front()));
    events_.pop_front();
  }
  if (chunk.partial) events_.clear();
  chunk.last = events_.empty() && all_here();
  return chunk;
}

std::vector<const HistoryEvent*> HistoryReader::Peek(int64_t after) const {
  std::vector<const HistoryEvent*> peeked;
  const ChunkEnd end = FindEnd(0, after);
  const size_t count = end.complete ? end.last + 1 : events_.size();
  for (size_t i = 0; i < count; ++i) peeked.push_back(events_[i].get());
  return peeked;
}

const HistoryEvent* HistoryReader::PeekCompleted() const {
  for (const EventPtr& event : events_) {
    if (event->event_type() == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED) return event.get();
  }
  return nullptr;
}

}  // namespace temporal::core
