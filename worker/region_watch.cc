#include "worker/region_watch.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "domain/status_macros.h"
#include "platform/log/log.h"
#include "temporal/client/client.h"
#include "workflows/nodes/region_steps.h"

namespace gpuaas::worker {

RegionWatch::RegionWatch(std::shared_ptr<temporal::Client> client, flow::v1::RegionWatchRequest request,
                         std::string task_queue)
    : client_(std::move(client)), request_(std::move(request)), task_queue_(std::move(task_queue)) {}

absl::StatusOr<std::unique_ptr<RegionWatch>> RegionWatch::Start(std::shared_ptr<temporal::Client> client,
                                                                flow::v1::RegionWatchRequest request,
                                                                std::string task_queue,
                                                                std::chrono::milliseconds pause) {
  std::unique_ptr<RegionWatch> watch(new RegionWatch(std::move(client), std::move(request), std::move(task_queue)));
  GPUAAS_RETURN_IF_ERROR(watch->Ensure());
  watch->thread_ = std::jthread([raw = watch.get(), pause](std::stop_token stop) { raw->Run(std::move(stop), pause); });
  return watch;
}

absl::Status RegionWatch::Ensure() {
  temporal::StartOptions start("region-watch/" + request_.region(), task_queue_);
  start.WithConflict(temporal::IdConflictPolicy::kUseExisting);
  return client_->Start(workflows::kRegionWatch, request_, start).status();
}

void RegionWatch::Run(std::stop_token stop, std::chrono::milliseconds pause) {
  std::mutex mutex;
  std::condition_variable_any never;
  for (;;) {
    {
      std::unique_lock lock(mutex);
      never.wait_for(lock, stop, pause, [] { return false; });
    }
    if (stop.stop_requested()) return;
    const absl::Status status = Ensure();
    if (!status.ok()) {
      platform::LogWarning("the watch of the region cannot be seen to",
                           {{"region", request_.region()}, {"cause", std::string(status.message())}});
    }
  }
}

}  // namespace gpuaas::worker
