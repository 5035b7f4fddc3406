#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "temporal/workflow/future.h"
#include "temporal/workflow/internal/scheduler.h"
#include "temporal/workflow/task.h"

namespace temporal::internal {

// A coroutine that belongs to the scheduler: its frame goes when it ends or when the run is evicted.
struct RootTask {
  struct promise_type : Scheduler::Root {
    RootTask get_return_object() noexcept { return {this, std::coroutine_handle<promise_type>::from_promise(*this)}; }
    struct Start {
      promise_type& root;
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<>) noexcept {}
      void await_resume() noexcept { root.Begin(); }
    };
    Start initial_suspend() noexcept { return {*this}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  promise_type* root;
  std::coroutine_handle<> handle;
};

template <class T>
RootTask RunToFuture(Task<T> task, std::shared_ptr<FutureState<T>> state) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      state->Resolve();
    } else {
      state->Resolve(co_await std::move(task));
    }
  } catch (...) {
    state->Fail(std::current_exception());
  }
}

// Starts `task` behind everything that is ready to run now. `name` tells people which coroutine that is.
template <class T>
Future<T> Spawn(Scheduler& scheduler, Task<T> task, std::string name) {
  auto state = std::make_shared<FutureState<T>>(scheduler);
  const RootTask root = RunToFuture<T>(std::move(task), state);
  const Label label = MakeLabel(std::move(name));
  state->set_label(label);
  scheduler.Adopt(*root.root, root.handle, label);
  return Future<T>(state);
}

}  // namespace temporal::internal
