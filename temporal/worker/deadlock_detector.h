#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "temporal/common/time.h"
#include "temporal/common/timers.h"
#include "temporal/core/workflow_task_handler.h"

namespace temporal::worker {

// Finds workflow code that does not give its thread back: it blocks, or never awaits. One timer serves all tasks; none
// runs while no code does. Thread-safe.
class DeadlockDetector : public std::enable_shared_from_this<DeadlockDetector> {
 public:
  using Task = api::workflowservice::v1::PollWorkflowTaskQueueResponse;
  // Gets the task without its history, and a message that names workflow and place. Called with the detector's lock, by
  // a thread of the clock's: must be quick, and must not call back.
  using OnDeadlock = std::function<void(const Task& task, std::string message)>;

  // `limit` zero or negative: never finds anything.
  DeadlockDetector(std::shared_ptr<Timers> timers, Duration limit, OnDeadlock on_deadlock)
      : timers_(std::move(timers)), limit_(limit), on_deadlock_(std::move(on_deadlock)) {}

  // Watches the code while one task is handled.
  class Watch : public core::ActivationGuard {
   public:
    Watch(DeadlockDetector& detector, const Task& task);
    void Enter(const internal::Place& place) override;
    bool Leave() override;
    // The code took too long, and the task has been given to OnDeadlock. Asked when Handle has returned.
    bool given_up() const { return given_up_; }

   private:
    friend class DeadlockDetector;
    DeadlockDetector& detector_;
    Task task_;
    const internal::Place* place_ = nullptr;
    Timers::Instant since_;
    bool given_up_ = false;
  };

  // Code of the run was given up and has not come back yet.
  bool Stuck(std::string_view run_id) const;

 private:
  void Check();
  void Arm(Timers::Instant time);
  std::string Message(const Watch& watch) const;

  const std::shared_ptr<Timers> timers_;
  const Duration limit_;
  const OnDeadlock on_deadlock_;
  mutable std::mutex mutex_;
  bool armed_ = false;
  std::vector<Watch*> running_;
};

// The limit that a worker applies: `configured`, or else 1 s, or 0 (off) in a build with a sanitizer; always 0 while
// the environment has TEMPORAL_DEBUG, for work with a debugger.
Duration DeadlockLimit(std::optional<Duration> configured);

}  // namespace temporal::worker
