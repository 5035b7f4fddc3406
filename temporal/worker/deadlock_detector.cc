#include "temporal/worker/deadlock_detector.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "temporal/workflow/internal/place.h"

namespace temporal::worker {

DeadlockDetector::Watch::Watch(DeadlockDetector& detector, const Task& task) : detector_(detector) {
  task_.set_task_token(task.task_token());
  task_.set_attempt(task.attempt());
  *task_.mutable_workflow_type() = task.workflow_type();
  *task_.mutable_workflow_execution() = task.workflow_execution();
  if (task.has_query()) *task_.mutable_query() = task.query();
}

void DeadlockDetector::Watch::Enter(const internal::Place& place) {
  if (detector_.limit_ <= Duration::zero()) return;
  const auto now = detector_.timers_->Now();
  const std::lock_guard lock(detector_.mutex_);
  place_ = &place;
  since_ = now;
  detector_.running_.push_back(this);
  if (!detector_.armed_) detector_.Arm(now + detector_.limit_);
}

bool DeadlockDetector::Watch::Leave() {
  if (detector_.limit_ <= Duration::zero()) return true;
  const std::lock_guard lock(detector_.mutex_);
  std::erase(detector_.running_, this);
  return !given_up_;
}

bool DeadlockDetector::Stuck(std::string_view run_id) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(running_.begin(), running_.end(), [&](const Watch* watch) {
    return watch->given_up_ && watch->task_.workflow_execution().run_id() == run_id;
  });
}

void DeadlockDetector::Arm(Timers::Instant time) {
  armed_ = true;
  timers_->At(time, [weak = weak_from_this()] {
    if (const auto live = weak.lock()) live->Check();
  });
}

void DeadlockDetector::Check() {
  const auto now = timers_->Now();
  const std::lock_guard lock(mutex_);
  armed_ = false;
  std::optional<Timers::Instant> next;
  for (Watch* watch : running_) {
    if (watch->given_up_) continue;
    if (const auto due = watch->since_ + limit_; due > now) {
      next = next ? std::min(*next, due) : due;
    } else {
      watch->given_up_ = true;
      on_deadlock_(watch->task_, Message(*watch));
    }
  }
  if (next) Arm(*next);
}

std::string DeadlockDetector::Message(const Watch& watch) const {
  const auto& execution = watch.task_.workflow_execution();
  return absl::StrCat("[TMPRL1101] Potential deadlock detected: workflow ", watch.task_.workflow_type().name(), " ",
                      execution.workflow_id(), " run ", execution.run_id(), " did not yield for ",
                      internal::InWords(limit_), ", ", watch.place_->ToString());
}

Duration DeadlockLimit(std::optional<Duration> configured) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  constexpr bool kSanitized = true;
#else
  constexpr bool kSanitized = false;
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr bool kSanitized = true;
#else
  constexpr bool kSanitized = false;
#endif
  if (std::getenv("TEMPORAL_DEBUG") != nullptr) return Duration::zero();
  return configured.value_or(kSanitized ? Duration::zero() : Duration(std::chrono::seconds(1)));
}

}  // namespace temporal::worker
