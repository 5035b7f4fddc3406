#include "temporal/workflow/future.h"

#include <algorithm>

#include "temporal/workflow/select.h"

namespace temporal::internal {

FutureStateBase::Waiter::~Waiter() {
  if (state_ != nullptr) std::erase(state_->waiters_, this);
}

FutureStateBase::~FutureStateBase() {
  for (Waiter* waiter : waiters_) waiter->state_ = nullptr;
}

void FutureStateBase::Fail(std::exception_ptr error) {
  if (ready_) return;
  error_ = std::move(error);
  BecomeReady();
}

void FutureStateBase::AddWaiter(Waiter& waiter, std::coroutine_handle<> handle) {
  waiter.state_ = this;
  waiter.handle_ = handle;
  waiters_.push_back(&waiter);
}

void FutureStateBase::OnReady(std::function<void()> callback) {
  if (ready_) {
    callback();
  } else {
    callbacks_.push_back(std::move(callback));
  }
}

void FutureStateBase::BecomeReady() {
  ready_ = true;
  if (scheduler_.closed()) return;
  for (Waiter* waiter : std::exchange(waiters_, {})) {
    waiter->state_ = nullptr;
    scheduler_.Post(waiter->handle_);
  }
  for (const auto& callback : std::exchange(callbacks_, {})) callback();
}

Scheduler& SchedulerOf(const std::vector<const FutureStateBase*>& states) {
  const auto live =
      std::find_if(states.begin(), states.end(), [](const auto* state) { return !state->scheduler().closed(); });
  return live != states.end() ? (*live)->scheduler() : InertScheduler();
}

void RethrowFirst(const std::vector<const FutureStateBase*>& states) {
  for (const FutureStateBase* state : states) {
    if (state->failed()) std::rethrow_exception(state->error());
  }
}

std::string DescribeAll(const char* kind, const std::vector<const FutureStateBase*>& states) {
  std::string text;
  for (const FutureStateBase* state : states) {
    if (!state->ready()) text += (text.empty() ? " (" : ", ") + state->Describe();
  }
  return kind + (text.empty() ? text : text + ")");
}

}  // namespace temporal::internal
