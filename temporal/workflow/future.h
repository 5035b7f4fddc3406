#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "temporal/workflow/internal/frame.h"
#include "temporal/workflow/internal/scheduler.h"

namespace temporal {

namespace internal {

// How a T is stored: void as a monostate.
template <class T>
using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

// What waits for a future: a suspended coroutine, or a callback that runs at once when the future becomes ready.
class FutureStateBase {
 public:
  // A suspended coroutine; lives in its frame and leaves the list when the frame is destroyed.
  class Waiter {
   public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

   private:
    friend class FutureStateBase;
    FutureStateBase* state_ = nullptr;
    std::coroutine_handle<> handle_;
  };

  explicit FutureStateBase(Scheduler& scheduler) : scheduler_(scheduler) {}
  virtual ~FutureStateBase();
  FutureStateBase(const FutureStateBase&) = delete;
  FutureStateBase& operator=(const FutureStateBase&) = delete;

  Scheduler& scheduler() const { return scheduler_; }
  bool ready() const { return ready_; }
  bool failed() const { return error_ != nullptr; }
  const std::exception_ptr& error() const { return error_; }

  // Only the first of Fail and Resolve counts.
  void Fail(std::exception_ptr error);
  void AddWaiter(Waiter& waiter, std::coroutine_handle<> handle);
  // Runs now if ready.
  void OnReady(std::function<void()> callback);

  // What a coroutine that awaits this waits for.
  virtual std::string Describe() const { return label_ == nullptr ? "a future" : *label_; }
  const Label& label() const { return label_; }
  void set_label(Label label) { label_ = std::move(label); }

 protected:
  void BecomeReady();
  void RethrowIfFailed() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  Scheduler& scheduler_;
  bool ready_ = false;
  Label label_;
  std::exception_ptr error_;
  std::vector<Waiter*> waiters_;
  std::vector<std::function<void()>> callbacks_;
};

template <class T>
class FutureState : public FutureStateBase {
 public:
  using FutureStateBase::FutureStateBase;

  void Resolve(Stored<T> value = {}) {
    if (ready()) return;
    value_.emplace(std::move(value));
    BecomeReady();
  }

  // The value, or throws the failure. `last` allows to move it out: nobody else can ask for it.
  Stored<T> Take(bool last) {
    RethrowIfFailed();
    taken_ = true;
    if constexpr (std::is_copy_constructible_v<Stored<T>>) {
      if (!last) return *value_;
    }
    return std::move(*value_);
  }
  const Stored<T>* peek() const { return value_ ? &*value_ : nullptr; }

 protected:
  bool taken() const { return taken_; }
  std::optional<Stored<T>> value_;

 private:
  bool taken_ = false;
};

}  // namespace internal

// A step in progress: an activity, a timer, a condition. Copyable handle; may be awaited any number of times, and the
// step goes on if nobody awaits it. `co_await` throws what the step failed with (see failure.h).
template <class T>
class [[nodiscard]] Future {
 public:
  using value_type = T;
  using State = internal::FutureState<T>;

  explicit Future(std::shared_ptr<State> state) : state_(std::move(state)) {}

  // Settled, well or badly.
  bool ready() const { return state_->ready(); }
  bool failed() const { return state_->failed(); }

  // For the SDK's own combinators.
  const std::shared_ptr<State>& state() const& { return state_; }
  std::shared_ptr<State> state() && { return std::move(state_); }

 private:
  std::shared_ptr<State> state_;
};

namespace internal {

template <class T>
class FutureAwaiter {
 public:
  FutureAwaiter(Frame& frame, std::shared_ptr<FutureState<T>> state, const std::source_location& where)
      : frame_(frame), state_(std::move(state)) {
    frame_.Await(*state_, where);
  }
  bool await_ready() const { return state_->ready(); }
  void await_suspend(std::coroutine_handle<> handle) { state_->AddWaiter(waiter_, handle); }
  T await_resume() {
    frame_.Continue(state_->label());
    if constexpr (std::is_void_v<T>) {
      state_->Take(false);
    } else {
      return state_->Take(state_.use_count() == 1);
    }
  }

 private:
  Frame& frame_;
  std::shared_ptr<FutureState<T>> state_;
  FutureStateBase::Waiter waiter_;
};

template <class T>
FutureAwaiter<T> Frame::await_transform(const Future<T>& future, std::source_location where) {
  return FutureAwaiter<T>(*this, future.state(), where);
}
template <class T>
FutureAwaiter<T> Frame::await_transform(Future<T>&& future, std::source_location where) {
  return FutureAwaiter<T>(*this, std::move(future).state(), where);
}

}  // namespace internal
}  // namespace temporal
