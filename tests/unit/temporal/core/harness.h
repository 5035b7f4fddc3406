#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "temporal/core/workflow_task_handler.h"
#include "temporal/testing/history_builder.h"
#include "temporal/workflow/registry.h"

namespace temporal::core {

using testing::HistoryBuilder;
using Completed = api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;
using Failed = api::workflowservice::v1::RespondWorkflowTaskFailedRequest;
using QueryCompleted = api::workflowservice::v1::RespondQueryTaskCompletedRequest;
using PolledTask = api::workflowservice::v1::PollWorkflowTaskQueueResponse;
using Command = api::command::v1::Command;
namespace enums = api::enums::v1;

// Serves pages of one history.
class PagedHistory : public HistoryFetcher {
 public:
  // Only events up to `last`. `empty_pages`: an empty page with a token comes before each page, and one without at the
  // end.
  PagedHistory(const HistoryBuilder& builder, int64_t last, int page_size = 3, bool empty_pages = false);
  absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
      const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest& request) override;
  int fetches = 0;
  absl::Status fails;  // what every fetch returns unless OK

 private:
  std::vector<api::history::v1::History> pages_;
};

// How the tasks of a run reach the engine. Everything must come out the same.
enum class Mode {
  kCached,       // task by task, each with what is new
  kUncached,     // the last task only, with the whole history; no cache
  kPaged,        // the same, the history in pages of three events
  kPagedSticky,  // the same, beginning with a task that has only the new events
};
std::string ModeName(const ::testing::TestParamInfo<Mode>& info);

class EngineTest : public ::testing::TestWithParam<Mode> {
 protected:
  // What the engine answers to the task with started event `started` (0: the last). The tasks before count as completed
  // the way history has it.
  WorkflowTaskReply ReplyTo(const HistoryBuilder& builder, int64_t started = 0);
  // The same where it has to be a completion, with these commands.
  Completed CompletedTask(const HistoryBuilder& builder, int64_t started = 0);
  std::vector<enums::CommandType> CommandsAt(const HistoryBuilder& builder, int64_t started = 0);

  WorkflowRegistry registry_;
};

#define TEMPORAL_ALL_MODES(Suite) \
  INSTANTIATE_TEST_SUITE_P(       \
      Modes, Suite, ::testing::Values(Mode::kCached, Mode::kUncached, Mode::kPaged, Mode::kPagedSticky), ModeName)

WorkflowTaskHandlerOptions CachingOptions();
WorkflowTaskHandlerOptions UncachedOptions();

// Answers no fetch.
HistoryFetcher& NoFetcher();

std::vector<enums::CommandType> Types(const Completed& reply);

template <class T>
Payload Encoded(const T& value) {
  return ToPayload(value).value();
}
template <class T>
Payloads Arguments(const T& value) {
  return ToPayloads(value).value();
}
// The text of a completed workflow's result.
std::string ResultText(const Completed& reply);

}  // namespace temporal::core
