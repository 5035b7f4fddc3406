#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "temporal/activity/registry.h"
#include "temporal/core/machines/local_activity_host.h"
#include "temporal/worker/executor.h"
#include "temporal/worker/rate_limiter.h"
#include "temporal/worker/shared.h"
#include "temporal/worker/slots.h"

namespace temporal::worker {

// Runs the local activities of this worker's workflows: on slots of their own, with timeouts, retries and back-offs.
// Must outlive the runs it opens.
class LocalActivities : public core::LocalActivityHost {
 public:
  LocalActivities(std::shared_ptr<const Shared> shared, const ActivityRegistry& registry);
  ~LocalActivities() override;

  std::unique_ptr<core::LocalActivityRun> Open(const WorkflowInfo& info) override;
  Instant Now() const override { return shared_->timers->Now(); }
  bool stopping() const override { return stopping_; }

  // Nobody waits for results any more: those who do are told so.
  void Stop();

 private:
  class Run;
  class Handle;

  const std::shared_ptr<const Shared> shared_;
  const ActivityRegistry& registry_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Run>> runs_;
  std::atomic<bool> stopping_ = false;
  std::stop_source stop_;  // of the waiting for slots and turns
  Slots slots_;
  RateLimiter limiter_;
  Executor executor_;
};

}  // namespace temporal::worker
