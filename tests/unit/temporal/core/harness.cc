#include "tests/unit/temporal/core/harness.h"

namespace temporal::core {

PagedHistory::PagedHistory(const HistoryBuilder& builder, int64_t last, int page_size, bool empty_pages) {
  for (int64_t i = 0; i < last; ++i) {
    if (i % page_size == 0) {
      if (empty_pages) pages_.emplace_back();
      pages_.emplace_back();
    }
    *pages_.back().add_events() = builder.history().events(static_cast<int>(i));
  }
  if (empty_pages) pages_.emplace_back();
}

absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> PagedHistory::Fetch(
    const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest& request) {
  ++fetches;
  if (!fails.ok()) return fails;
  const size_t page = request.next_page_token().empty() ? 0 : std::stoul(request.next_page_token());
  api::workflowservice::v1::GetWorkflowExecutionHistoryResponse response;
  *response.mutable_history() = pages_.at(page);
  if (page + 1 < pages_.size()) response.set_next_page_token(std::to_string(page + 1));
  return response;
}

std::string ModeName(const ::testing::TestParamInfo<Mode>& info) {
  switch (info.param) {
    case Mode::kCached:
      return "cached";
    case Mode::kUncached:
      return "uncached";
    case Mode::kPaged:
      return "paged";
    case Mode::kPagedSticky:
      return "paged_sticky";
  }
  return {};
}

namespace {

class NoHistory : public HistoryFetcher {
 public:
  absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
      const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest&) override {
    return absl::UnavailableError("nothing may be fetched in this test");
  }
};

}  // namespace

HistoryFetcher& NoFetcher() {
  static NoHistory& fetcher = *new NoHistory;
  return fetcher;
}

WorkflowTaskHandlerOptions CachingOptions() {
  WorkflowTaskHandlerOptions options;
  options.task_queue = "queue";
  options.identity = "tester";
  options.sticky_task_queue = "queue-sticky";
  return options;
}

WorkflowTaskHandlerOptions UncachedOptions() {
  WorkflowTaskHandlerOptions options = CachingOptions();
  options.max_cached_runs = 0;
  return options;
}

WorkflowTaskReply EngineTest::ReplyTo(const HistoryBuilder& builder, int64_t started) {
  if (started == 0) started = builder.TaskAt().started_event_id();
  const int64_t previous = builder.PreviousStarted(started);
  if (GetParam() == Mode::kCached) {
    WorkflowTaskHandler handler(CachingOptions(), registry_, NoFetcher());
    int64_t first = 1;
    for (const auto& event : builder.history().events()) {
      if (!event.has_workflow_task_completed_event_attributes()) continue;
      const int64_t done = event.workflow_task_completed_event_attributes().started_event_id();
      if (done >= started) break;
      const auto reply = handler.Handle(builder.TaskAt(done, first));
      EXPECT_TRUE(reply.ok()) << reply.status();
      EXPECT_TRUE(std::holds_alternative<Completed>(*reply)) << "task " << done;
      first = done + 1;
    }
    return handler.Handle(builder.TaskAt(started, first)).value();
  }
  if (GetParam() == Mode::kUncached) {
    return WorkflowTaskHandler(UncachedOptions(), registry_, NoFetcher()).Handle(builder.TaskAt(started)).value();
  }
  PagedHistory pages(builder, started, /*page_size=*/3, /*empty_pages=*/GetParam() == Mode::kPaged);
  WorkflowTaskHandler handler(CachingOptions(), registry_, pages);
  if (GetParam() == Mode::kPagedSticky) return handler.Handle(builder.TaskAt(started, previous + 1)).value();
  // The first page comes with the task.
  PolledTask task = builder.TaskAt(started);
  const auto page = pages.Fetch({}).value();
  *task.mutable_history() = page.history();
  task.set_next_page_token(page.next_page_token());
  if (task.history().events().empty()) {
    const auto second = pages.Fetch([&] {
      api::workflowservice::v1::GetWorkflowExecutionHistoryRequest request;
      request.set_next_page_token(page.next_page_token());
      return request;
    }());
    *task.mutable_history() = second->history();
    task.set_next_page_token(second->next_page_token());
  }
  return handler.Handle(task).value();
}

Completed EngineTest::CompletedTask(const HistoryBuilder& builder, int64_t started) {
  WorkflowTaskReply reply = ReplyTo(builder, started);
  if (const auto* failed = std::get_if<Failed>(&reply)) ADD_FAILURE() << failed->failure().message();
  if (!std::holds_alternative<Completed>(reply)) {
    ADD_FAILURE() << "no completion but alternative " << reply.index();
    return {};
  }
  return std::get<Completed>(std::move(reply));
}

std::vector<enums::CommandType> EngineTest::CommandsAt(const HistoryBuilder& builder, int64_t started) {
  return Types(CompletedTask(builder, started));
}

std::vector<enums::CommandType> Types(const Completed& reply) {
  std::vector<enums::CommandType> types;
  for (const Command& command : reply.commands()) types.push_back(command.command_type());
  return types;
}

std::string ResultText(const Completed& reply) {
  if (reply.commands().empty()) return "no command";
  const auto& last = reply.commands(reply.commands_size() - 1);
  if (!last.has_complete_workflow_execution_command_attributes()) return last.ShortDebugString();
  const auto& payload = last.complete_workflow_execution_command_attributes().result().payloads(0);
  return FromPayload<std::string>(payload).value_or("not a string");
}

}  // namespace temporal::core
