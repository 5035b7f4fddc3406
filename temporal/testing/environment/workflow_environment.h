#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"

namespace temporal::testing {

// A place to run workflows in, with real workers and a real client. Two kinds:
//
// | made by      | server                       | time                                                              |
// |--------------|------------------------------|-------------------------------------------------------------------|
// | TimeSkipping | in memory, in this process   | stands still; jumps from event to event while somebody waits in   |
// |              | (fake/fake_service.h says    | Execute, GetResult or Sleep. A timer of a year takes milliseconds |
// |              | what it lacks)               |                                                                   |
// | FromClient   | the client's, say a dev      | passes as it does                                                 |
// |              | server                       |                                                                   |
//
// Activities are those that the test registers: real ones, or stand-ins under the same reference. Real time passes in
// them, and between attempts of local ones. Not thread-safe; destroying it stops its workers.
class WorkflowEnvironment {
 public:
  static std::unique_ptr<WorkflowEnvironment> TimeSkipping(FakeServiceOptions options = FakeServiceOptions());
  static std::unique_ptr<WorkflowEnvironment> FromClient(std::shared_ptr<Client> client);

  // The queue of this environment's workers and workflows; its own.
  const std::string& task_queue() const { return task_queue_; }
  const std::shared_ptr<Client>& client() const { return client_; }
  // The server in memory; null for FromClient.
  const std::shared_ptr<FakeService>& fake() const { return fake_; }

  // Runs a worker of the task queue until the environment goes. Errors: those of Worker::Create and Worker::Start.
  absl::Status StartWorker(const WorkflowRegistry& workflows, const ActivityRegistry& activities,
                           WorkerOptions options = WorkerOptions());

  // Starts a workflow; `id` empty: a new one. Errors: those of Client::Start.
  template <class Request, class Result>
  absl::StatusOr<Execution> Start(const WorkflowRef<Request, Result>& workflow,
                                  const std::type_identity_t<Request>& request, std::string_view id = {}) {
    auto started = client_->Start(workflow, request, Options(id));
    if (!started.ok()) return started.status();
    return Execution(started->workflow_id);
  }
  // Waits for the end, at most `patience` of real time. Errors: those of Client::GetResult.
  template <class Request, class Result>
  absl::StatusOr<Result> GetResult(const WorkflowRef<Request, Result>& workflow, const Execution& execution,
                                   Duration patience = std::chrono::seconds(20)) {
    const Skipping skipping(*this);
    return client_->GetResult(workflow, execution, patience);
  }
  template <class Request, class Result>
  absl::StatusOr<Result> Execute(const WorkflowRef<Request, Result>& workflow,
                                 const std::type_identity_t<Request>& request) {
    const auto execution = Start(workflow, request);
    if (!execution.ok()) return execution.status();
    return GetResult(workflow, *execution);
  }

  Time Now() const;
  // Lets so much time pass: timers that are due meanwhile fire, one after the other, and workflows go on in between.
  // kDeadlineExceeded: they do not come to rest within 20 s of real time.
  absl::Status Sleep(Duration duration);

  // Replays the histories of all executions of this environment's queue against the workflows of its first worker: code
  // that is not deterministic shows here. Errors: those of Replayer, with the execution's id; for FromClient what
  // visibility knows so far.
  absl::Status CheckReplay();

 private:
  // While it lives time jumps, where it can.
  class Skipping {
   public:
    explicit Skipping(WorkflowEnvironment& environment) : fake_(environment.fake_.get()) {
      if (fake_ != nullptr) fake_->SkipTime(true);
    }
    ~Skipping() {
      if (fake_ != nullptr) fake_->SkipTime(false);
    }

   private:
    FakeService* const fake_;
  };

  WorkflowEnvironment(std::shared_ptr<FakeService> fake, std::shared_ptr<Client> client);
  StartOptions Options(std::string_view id) const;

  const std::shared_ptr<FakeService> fake_;
  const std::shared_ptr<Client> client_;
  const std::string task_queue_;
  WorkflowRegistry workflows_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace temporal::testing
