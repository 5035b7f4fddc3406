#include "temporal/workflow/internal/scheduler.h"

#include <algorithm>
#include <utility>

namespace temporal::internal {

void Scheduler::Post(std::coroutine_handle<> handle) {
  CheckNotFrozen();
  if (!closed_) queue_.push_back({handle, nullptr});
}

void Scheduler::Post(std::function<void()> function) {
  CheckNotFrozen();
  if (!closed_) queue_.push_back({nullptr, std::move(function)});
}

void Scheduler::CheckNotFrozen() const {
  if (frozen_) throw ReadOnlyViolation("a query handler, a validator or a condition must not make the workflow go on");
}

void Scheduler::Drain() {
  while (!queue_.empty()) {
    const Entry entry = std::move(queue_.front());
    queue_.pop_front();
    if (entry.handle) {
      entry.handle.resume();
    } else {
      entry.function();
    }
  }
}

void Scheduler::Close() {
  closed_ = true;
  queue_.clear();
  while (youngest_ != nullptr) youngest_->handle_.destroy();  // unlinks itself
}

void Scheduler::Adopt(Root& root, std::coroutine_handle<> handle, Label name) {
  root.scheduler_ = this;
  root.handle_ = handle;
  root.number_ = ++roots_ever_;
  root.origin_ = {&place_, std::move(name)};
  root.previous_ = youngest_;
  if (youngest_ != nullptr) youngest_->next_ = &root;
  youngest_ = &root;
  Post(handle);
}

std::vector<const Scheduler::Root*> Scheduler::Roots() const {
  std::vector<const Root*> roots;
  for (const Root* root = youngest_; root != nullptr; root = root->previous_) roots.push_back(root);
  std::reverse(roots.begin(), roots.end());
  return roots;
}

void Scheduler::Root::Unlink() {
  if (scheduler_ == nullptr) return;
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) {
    next_->previous_ = previous_;
  } else {
    scheduler_->youngest_ = previous_;
  }
  scheduler_ = nullptr;
}

Scheduler& InertScheduler() {
  static Scheduler& inert = *[] {
    auto* scheduler = new Scheduler;
    scheduler->Close();
    return scheduler;
  }();
  return inert;
}

}  // namespace temporal::internal
