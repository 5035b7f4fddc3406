#include "temporal/testing/replayer.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/core/workflow_run.h"

namespace temporal::testing {

namespace {

// A replayed history is complete: nothing is ever fetched.
class NothingToFetch : public core::HistoryFetcher {
 public:
  absl::StatusOr<api::workflowservice::v1::GetWorkflowExecutionHistoryResponse> Fetch(
      const api::workflowservice::v1::GetWorkflowExecutionHistoryRequest& request) override {
    return absl::DataLossError("the history is not complete");
  }
};

}  // namespace

Replayer::Replayer(const WorkflowRegistry& registry, Observer& observer) : registry_(registry), observer_(observer) {}

absl::Status Replayer::Replay(api::history::v1::History history) {
  if (history.events().empty() || !history.events(0).has_workflow_execution_started_event_attributes()) {
    return absl::InvalidArgumentError("a history begins with WorkflowExecutionStarted");
  }
  const auto& started = history.events(0).workflow_execution_started_event_attributes();
  WorkflowInfo info;
  info.workflow_type = started.workflow_type().name();
  info.workflow_id = started.workflow_id().empty() ? "replayed" : started.workflow_id();
  info.run_id = started.original_execution_run_id();
  info.namespace_name = "default";
  info.task_queue = started.task_queue().name();
  const internal::WorkflowFactory* factory = registry_.Find(info.workflow_type);
  if (factory == nullptr) {
    return absl::UnimplementedError(absl::StrCat("workflow type '", info.workflow_type, "' is not registered"));
  }

  api::workflowservice::v1::PollWorkflowTaskQueueResponse task;
  for (const auto& event : history.events()) {
    if (event.has_workflow_task_started_event_attributes()) task.set_started_event_id(event.event_id());
  }
  task.mutable_history()->Swap(&history);
  core::WorkflowTaskHandlerOptions options;
  options.namespace_name = info.namespace_name;
  options.observer = &observer_;
  options.interceptors = interceptors_;
  NothingToFetch fetcher;
  core::HistoryReader reader(fetcher, options.namespace_name, task, /*from_start=*/false);
  core::WorkflowRun run(*factory, std::move(info), options);
  return run.Progress(std::move(reader), task.started_event_id());
}

absl::Status Replayer::ReplayJson(std::string_view json) {
  auto history = ParseHistoryJson(json);
  if (!history.ok()) return history.status();
  return Replay(*std::move(history));
}

absl::Status Replayer::ReplayFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path.string()));
  if (path.extension() != ".bin") return ReplayJson(content);
  api::history::v1::History history;
  if (!history.ParseFromString(content)) return absl::InvalidArgumentError("not a binary history");
  return Replay(std::move(history));
}

absl::Status Replayer::ReplayExecution(Client& client, const Execution& execution) {
  auto history = client.History(execution);
  if (!history.ok()) return history.status();
  return Replay(*std::move(history));
}

absl::StatusOr<std::map<std::string, absl::Status>> Replayer::ReplayDirectory(const std::filesystem::path& folder) {
  std::map<std::string, absl::Status> results;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto extension = entry.path().extension();
    if (extension == ".json" || extension == ".bin") {
      results.emplace(entry.path().filename().string(), ReplayFile(entry.path()));
    }
  }
  if (results.empty()) return absl::NotFoundError(absl::StrCat("no histories in ", folder.string()));
  return results;
}

}  // namespace temporal::testing
