#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>

#include "temporal/activity/registry.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/worker/executor.h"
#include "temporal/worker/heartbeat.h"
#include "temporal/worker/poller.h"
#include "temporal/worker/shared.h"
#include "temporal/worker/slots.h"
#include "temporal/worker/timers.h"

namespace temporal::api::workflowservice::v1 {
class PollActivityTaskQueueResponse;
}

namespace temporal::worker {

// Polls for activity tasks, runs them and reports what came out.
class ActivityWorker {
 public:
  using Task = api::workflowservice::v1::PollActivityTaskQueueResponse;

  ActivityWorker(std::shared_ptr<const Shared> shared, const ActivityRegistry& registry);
  ~ActivityWorker();

  void Start();
  void StopPolling() { poller_.Stop(); }
  void JoinPolling() { poller_.Join(); }
  // Waits for the attempts that run, cancels those left at `deadline`, waits for them too.
  void Finish(std::chrono::steady_clock::time_point deadline);

  // Tasks that are handed out with the answer to a workflow task. A slot, if one may be had, has to be reserved before
  // they are asked for, and be used or given back. None is reserved once polling has been stopped.
  bool ReserveEager();
  // `decoded`: whether the task's payloads could be; else the attempt fails with that.
  void RunEager(Task task, const absl::Status& decoded);
  void ReleaseEager();

 private:
  struct Running;

  absl::StatusOr<PollResult> Poll();
  template <class Release>
  void Dispatch(Task task, const absl::Status& decoded, Release release);
  void Execute(const Task& task);
  StopReason SendHeartbeat(const Task& task, const Payloads& details) const;
  // Delivers the outcome of an attempt; where that cannot be, a failure that says why.
  void Report(const Task& task, const absl::StatusOr<Payload>& outcome, StopReason reason,
              const std::optional<Payloads>& unsent) const;
  absl::Status Send(const Task& task, const absl::StatusOr<Payload>& outcome, StopReason reason,
                    const std::optional<Payloads>& unsent) const;
  absl::Status SendFailure(const Task& task, Failure failure, const std::optional<Payloads>& unsent) const;
  template <class Response, class Request>
  absl::Status SendAnswer(std::string_view method, const Task& task, Request& request) const;
  Failure FailureOf(const absl::Status& status) const;

  const std::shared_ptr<const Shared> shared_;
  const ActivityRegistry& registry_;
  Slots slots_;
  std::atomic<int> eager_ = 0;  // slots of eager tasks, reserved or used
  SteadyTimers timers_;
  Executor heartbeat_threads_;
  std::mutex mutex_;
  std::list<Running*> running_;
  bool stopping_ = false;
  Executor executor_;
  Poller poller_;
};

}  // namespace temporal::worker
