#pragma once

#include <memory>
#include <utility>

#include "temporal/workflow/errors.h"
#include "temporal/workflow/future.h"
#include "temporal/workflow/internal/cancel_node.h"

namespace temporal::internal {

// A future that fails with CancelledError when its scope is cancelled. Forgets the scope when it goes.
template <class T>
class ScopedState : public FutureState<T> {
 public:
  ScopedState(Scheduler& scheduler, Scope scope) : FutureState<T>(scheduler), scope_(std::move(scope)) {
    if (scope_->cancelled()) {
      OnCancelled();
    } else {
      key_ = scope_->OnCancel([this] { OnCancelled(); });
    }
  }
  ~ScopedState() override { scope_->Forget(key_); }

 protected:
  const Scope& scope() const { return scope_; }

 private:
  void OnCancelled() { this->Fail(std::make_exception_ptr(CancelledError(scope_->reason()))); }

  Scope scope_;
  uint64_t key_ = 0;
};

}  // namespace temporal::internal
