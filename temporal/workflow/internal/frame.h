#pragma once

#include <source_location>

#include "temporal/workflow/internal/place.h"

namespace temporal {

template <class T>
class Future;
template <class T>
class Task;

namespace internal {

class FutureStateBase;
template <class T>
class FutureAwaiter;
template <class T>
class TaskAwaiter;

// Base of the promises of a workflow's coroutines: what the coroutine waits for while it is suspended.
class Frame {
 public:
  // The root coroutine that a frame belongs to.
  struct Origin {
    Place* place = nullptr;  // of the run
    Label name;
  };

  // Futures and Tasks are all that a workflow may await: whatever else resumes coroutines does so behind the
  // scheduler's back.
  template <class T>
  FutureAwaiter<T> await_transform(const Future<T>& future,
                                   std::source_location where = std::source_location::current());
  template <class T>
  FutureAwaiter<T> await_transform(Future<T>&& future, std::source_location where = std::source_location::current());
  template <class T>
  TaskAwaiter<T> await_transform(Task<T>&& task, std::source_location where = std::source_location::current());

  // Of the co_await at which it is suspended; one of `future` and `callee` is set, none before it first runs.
  const std::source_location& where() const { return where_; }
  const FutureStateBase* future() const { return future_; }
  const Frame* callee() const { return callee_; }

 protected:
  explicit Frame(Origin* origin = nullptr) : origin_(origin) {}

 private:
  template <class T>
  friend class FutureAwaiter;
  template <class T>
  friend class TaskAwaiter;

  void Await(const FutureStateBase& future, const std::source_location& where);
  void Await(Frame& callee, const std::source_location& where);
  // It goes on.
  void Continue(const Label& step);

  Origin* origin_;
  std::source_location where_;
  const FutureStateBase* future_ = nullptr;
  const Frame* callee_ = nullptr;
};

inline void Frame::Await(const FutureStateBase& future, const std::source_location& where) {
  where_ = where;
  future_ = &future;
}

inline void Frame::Await(Frame& callee, const std::source_location& where) {
  where_ = where;
  callee_ = &callee;
  callee.origin_ = origin_;
}

inline void Frame::Continue(const Label& step) {
  future_ = nullptr;
  callee_ = nullptr;
  origin_->place->Continue(origin_->name, step, where_);
}

}  // namespace internal
}  // namespace temporal
