#include "temporal/testing/environment/workflow_environment.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/common/proto.h"
#include "temporal/testing/replayer.h"

namespace temporal::testing {

WorkflowEnvironment::WorkflowEnvironment(std::shared_ptr<FakeService> fake, std::shared_ptr<Client> client)
    : fake_(std::move(fake)), client_(std::move(client)), task_queue_("test-" + NewUuid()) {}

std::unique_ptr<WorkflowEnvironment> WorkflowEnvironment::TimeSkipping(FakeServiceOptions options) {
  auto fake = std::make_shared<FakeService>(std::move(options));
  auto client = std::make_shared<Client>(fake);
  return std::unique_ptr<WorkflowEnvironment>(new WorkflowEnvironment(std::move(fake), std::move(client)));
}

std::unique_ptr<WorkflowEnvironment> WorkflowEnvironment::FromClient(std::shared_ptr<Client> client) {
  return std::unique_ptr<WorkflowEnvironment>(new WorkflowEnvironment(nullptr, std::move(client)));
}

absl::Status WorkflowEnvironment::StartWorker(const WorkflowRegistry& workflows, const ActivityRegistry& activities,
                                              WorkerOptions options) {
  options.task_queue = task_queue_;
  auto worker = Worker::Create(client_, workflows, activities, std::move(options));
  if (!worker.ok()) return worker.status();
  if (absl::Status status = (*worker)->Start(); !status.ok()) return status;
  if (workers_.empty()) workflows_ = workflows;
  workers_.push_back(*std::move(worker));
  return absl::OkStatus();
}

StartOptions WorkflowEnvironment::Options(std::string_view id) const {
  return StartOptions(id.empty() ? "test/" + NewUuid() : std::string(id), task_queue_);
}

Time WorkflowEnvironment::Now() const {
  return fake_ != nullptr ? fake_->Now()
                          : std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now());
}

absl::Status WorkflowEnvironment::Sleep(Duration duration) {
  if (fake_ == nullptr) {
    std::this_thread::sleep_for(duration);
    return absl::OkStatus();
  }
  if (fake_->Sleep(duration)) return absl::OkStatus();
  return absl::DeadlineExceededError("workflows or activities do not come to rest");
}

absl::Status WorkflowEnvironment::CheckReplay() {
  Replayer replayer(workflows_);
  std::string token;
  do {
    const auto page = client_->List(absl::StrCat("TaskQueue = '", task_queue_, "'"), 100, token);
    if (!page.ok()) return page.status();
    for (const WorkflowSummary& run : page->workflows) {
      auto history = client_->History(Execution(run.workflow_id, run.run_id));
      if (!history.ok()) return history.status();
      if (absl::Status status = replayer.Replay(*std::move(history)); !status.ok()) {
        return absl::Status(status.code(), absl::StrCat(run.workflow_id, ": ", status.message()));
      }
    }
    token = page->next_page_token;
  } while (!token.empty());
  return absl::OkStatus();
}

}  // namespace temporal::testing
