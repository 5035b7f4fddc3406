#include "temporal/worker/worker.h"

#include <atomic>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "temporal/api/workflowservice/v1/request_response.pb.h"
#include "temporal/common/proto.h"
#include "temporal/transport/observed_transport.h"
#include "temporal/worker/activity_worker.h"
#include "temporal/worker/shared.h"
#include "temporal/worker/timers.h"
#include "temporal/worker/workflow_worker.h"
#include "temporal/workflow/registry.h"

namespace temporal {
namespace {

namespace service = api::workflowservice::v1;

class WorkerImpl : public Worker {
 public:
  WorkerImpl(std::shared_ptr<Client> client, const WorkflowRegistry& workflows, const ActivityRegistry& activities,
             WorkerOptions options)
      : client_(std::move(client)), workflows_(workflows), activities_(activities) {
    shared_->options = std::move(options);
    const std::string& build_id = shared_->options.deployment.version.build_id;
    if (!build_id.empty()) shared_->options.build_id = build_id;
    shared_->transport = client_->transport();
    if (shared_->options.observer != nullptr) {
      shared_->transport = std::make_shared<ObservedTransport>(client_->transport(), client_->options().name_space,
                                                               shared_->options.observer);
    }
    shared_->timers = shared_->options.timers;
    if (shared_->timers == nullptr) shared_->timers = std::make_shared<worker::SteadyTimers>();
    shared_->name_space = client_->options().name_space;
    shared_->identity = shared_->options.identity.empty() ? client_->options().identity : shared_->options.identity;
    shared_->instance_key = NewUuid();
    if (shared_->options.sticky_cache_size > 0) {
      shared_->sticky_task_queue = absl::StrCat(shared_->identity, ":", shared_->instance_key);
    }
  }
  ~WorkerImpl() override { Shutdown(); }

  absl::Status Start() override {
    std::lock_guard lock(mutex_);
    if (stage_ != Stage::kNew) return absl::FailedPreconditionError("the worker has been started before");
    if (absl::Status status = Probe(); !status.ok()) return status;
    stage_ = Stage::kRunning;
    if (!activities_.empty()) activity_worker_ = std::make_unique<worker::ActivityWorker>(shared_, activities_);
    if (!workflows_.empty()) {
      workflow_worker_ = std::make_unique<worker::WorkflowWorker>(shared_, workflows_, activities_,
                                                                  activity_worker_.get(), client_->eager_dispatcher());
    }
    if (activity_worker_) activity_worker_->Start();
    if (workflow_worker_) workflow_worker_->Start();
    return absl::OkStatus();
  }

  void Shutdown() override {
    std::lock_guard lock(mutex_);
    if (std::exchange(stage_, Stage::kStopped) != Stage::kRunning) return;
    const auto deadline = std::chrono::steady_clock::now() + shared_->options.graceful_shutdown;
    if (activity_worker_) activity_worker_->StopPolling();
    if (workflow_worker_) workflow_worker_->StopPolling();
    TellServer();
    if (activity_worker_) activity_worker_->JoinPolling();
    if (workflow_worker_) workflow_worker_->JoinPolling();
    if (activity_worker_) activity_worker_->Finish(deadline);
    if (workflow_worker_ && !workflow_worker_->Finish(deadline)) (void)workflow_worker_.release();  // still in use
    // The handling of workflow tasks may have brought activities.
    if (activity_worker_) activity_worker_->Finish(deadline);
  }

  void EvictAll() override {
    std::lock_guard lock(mutex_);
    if (workflow_worker_) workflow_worker_->EvictAll();
  }

 private:
  enum class Stage { kNew, kRunning, kStopped };

  // Whether the server and the namespace are there, and what they can do.
  absl::Status Probe() {
    const auto system =
        Invoke<service::GetSystemInfoResponse>(*shared_->transport, "GetSystemInfo", service::GetSystemInfoRequest());
    if (!system.ok()) return system.status();
    shared_->eager_workflow_start = system->capabilities().eager_workflow_start();
    service::DescribeNamespaceRequest request;
    request.set_namespace_(shared_->name_space);
    const auto found = Invoke<service::DescribeNamespaceResponse>(*shared_->transport, "DescribeNamespace", request);
    if (!found.ok()) return found.status();
    const bool ends_polls = found->namespace_info().capabilities().worker_poll_complete_on_shutdown();
    const Duration wanted = shared_->options.poll_timeout;
    shared_->poll_timeout = wanted > Duration(0) ? wanted : std::chrono::seconds(ends_polls ? 60 : 10);
    shared_->observer().Log(LogLevel::kInfo, absl::StrCat("worker for task queue '", shared_->options.task_queue,
                                                          "' on server ", system->server_version()));
    return absl::OkStatus();
  }

  // Servers that know the call give this worker's sticky tasks to others at once, and end its polls.
  void TellServer() {
    service::ShutdownWorkerRequest request;
    request.set_namespace_(shared_->name_space);
    request.set_identity(shared_->identity);
    request.set_worker_instance_key(shared_->instance_key);
    request.set_task_queue(shared_->options.task_queue);
    request.set_sticky_task_queue(shared_->sticky_task_queue);
    request.set_reason("shutdown");
    CallOptions call(std::chrono::seconds(3));
    call.retry_for = Duration(0);
    Invoke<service::ShutdownWorkerResponse>(*shared_->transport, "ShutdownWorker", request, call).IgnoreError();
  }

  const std::shared_ptr<Client> client_;
  const WorkflowRegistry workflows_;
  const ActivityRegistry activities_;
  const std::shared_ptr<worker::Shared> shared_ = std::make_shared<worker::Shared>();
  std::mutex mutex_;
  Stage stage_ = Stage::kNew;
  std::unique_ptr<worker::ActivityWorker> activity_worker_;
  std::unique_ptr<worker::WorkflowWorker> workflow_worker_;
};

absl::Status CheckDeployment(const WorkerDeploymentOptions& deployment, const WorkflowRegistry& workflows) {
  const bool defaults = deployment.default_versioning_behavior != VersioningBehavior::kUnspecified;
  if (!deployment.use_versioning) {
    if (!defaults) return absl::OkStatus();
    return absl::InvalidArgumentError("default_versioning_behavior has no meaning without use_versioning");
  }
  if (absl::Status status = CheckVersion(deployment.version); !status.ok()) return status;
  std::vector<std::string> without;
  for (const std::string& type : workflows.Types()) {
    if (!defaults && workflows.Behavior(type) == VersioningBehavior::kUnspecified) without.push_back(type);
  }
  if (without.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a worker that uses versioning has to know whether runs are pinned; neither their registration nor "
                   "default_versioning_behavior says it of the workflow types ",
                   absl::StrJoin(without, ", ")));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Worker>> Worker::Create(std::shared_ptr<Client> client,
                                                       const WorkflowRegistry& workflows,
                                                       const ActivityRegistry& activities, WorkerOptions options) {
  if (options.task_queue.empty()) return absl::InvalidArgumentError("a worker needs a task queue");
  if (workflows.empty() && activities.empty()) {
    return absl::InvalidArgumentError("a worker needs workflows or activities to run");
  }
  if (absl::Status status = CheckDeployment(options.deployment, workflows); !status.ok()) return status;
  return std::make_unique<WorkerImpl>(std::move(client), workflows, activities, std::move(options));
}

}  // namespace temporal
