#include "worker/service.h"

#include <utility>

#include "activities/allocation/allocation_activities.h"
#include "activities/common/failures.h"
#include "activities/common/step_registry.h"
#include "activities/nodes/node_activities.h"
#include "activities/nodes/region_activities.h"
#include "activities/ops/attempts_interceptor.h"
#include "activities/ops/dispatcher.h"
#include "activities/ops/ops_activities.h"
#include "domain/status_macros.h"
#include "platform/log/log.h"
#include "temporal/client/client.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"
#include "worker/observer.h"
#include "worker/region_watch.h"
#include "worker/relay.h"
#include "workflows/allocation/allocation_workflow.h"
#include "workflows/nodes/node_workflow.h"
#include "workflows/nodes/region_watch_workflow.h"

namespace gpuaas::worker {
namespace {

bool IsNoAnswer(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded;
}

temporal::WorkflowRegistry AllWorkflows() {
  temporal::WorkflowRegistry registry;
  workflows::RegisterAllocation(registry);
  workflows::RegisterNode(registry);
  workflows::RegisterRegionWatch(registry);
  return registry;
}

class RunningService final : public Service {
 public:
  RunningService(const Parts& parts, const ServiceOptions& options)
      : options_(options),
        client_(parts.client),
        allocation_(parts.database, parts.agents, parts.clock, options.limits),
        nodes_(parts.database, parts.agents, parts.vault, parts.clock),
        region_(parts.database, parts.clock, stop_.get_token()),
        ops_(parts.database, parts.clock),
        interceptor_(
            std::make_shared<activities::AttemptsInterceptor>(parts.database, parts.clock, steps_, options.identity)),
        dispatcher_(activities::NewDispatcher(parts.database, parts.client, parts.clock, options.task_queue)) {
    allocation_.Register(steps_);
    nodes_.Register(steps_);
    region_.Register(steps_);
    ops_.Register(steps_);
  }

  ~RunningService() override { Stop(); }

  absl::Status Start() {
    temporal::WorkerOptions options(options_.task_queue);
    options.identity = options_.identity;
    options.sticky_cache_size = options_.sticky_cache_size;
    options.poll_timeout = options_.poll_timeout;
    options.activity_interceptors = {interceptor_};
    options.failure_hook = activities::ApplyErrorCode;
    options.observer = std::make_shared<PlatformObserver>();
    GPUAAS_ASSIGN_OR_RETURN(worker_,
                            temporal::Worker::Create(client_, AllWorkflows(), steps_.activities(), std::move(options)));
    GPUAAS_RETURN_IF_ERROR(worker_->Start());
    relay_ = std::make_unique<Relay>(*dispatcher_);
    return options_.region.empty() ? absl::OkStatus() : WatchRegion();
  }

  void Stop() override {
    stop_.request_stop();
    if (worker_ != nullptr) worker_->Shutdown();
    relay_.reset();
    watch_.reset();
  }

 private:
  absl::Status WatchRegion() {
    flow::v1::RegionWatchRequest request;
    request.set_region(options_.region);
    *request.mutable_limits() = options_.sweep_limits;
    GPUAAS_ASSIGN_OR_RETURN(watch_, RegionWatch::Start(client_, std::move(request), options_.task_queue));
    return absl::OkStatus();
  }

  const ServiceOptions options_;
  const std::shared_ptr<temporal::Client> client_;
  std::stop_source stop_;
  activities::StepRegistry steps_;
  activities::AllocationActivities allocation_;
  activities::NodeActivities nodes_;
  activities::RegionActivities region_;
  activities::OpsActivities ops_;
  const std::shared_ptr<activities::AttemptsInterceptor> interceptor_;
  const std::unique_ptr<activities::Dispatcher> dispatcher_;
  std::unique_ptr<temporal::Worker> worker_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<RegionWatch> watch_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Service>> StartService(const Parts& parts, const ServiceOptions& options) {
  auto service = std::make_unique<RunningService>(parts, options);
  GPUAAS_RETURN_IF_ERROR(service->Start());
  return service;
}

absl::StatusOr<std::unique_ptr<Service>> StartServiceWhenPossible(const Parts& parts, const ServiceOptions& options,
                                                                  const sigset_t& ends) {
  for (;;) {
    auto service = StartService(parts, options);
    if (service.ok() || !IsNoAnswer(service.status())) return service;
    platform::LogWarning("workflow service not reachable yet", {{"cause", std::string(service.status().message())}});
    const timespec pause{.tv_sec = 1, .tv_nsec = 0};
    if (sigtimedwait(&ends, nullptr, &pause) > 0) return std::unique_ptr<Service>();
  }
}

}  // namespace gpuaas::worker
