#include "temporal/workflow/context.h"

#include <cstdio>
#include <stdexcept>
#include <utility>

#include "temporal/workflow/internal/scope_state.h"

namespace temporal {

namespace internal {

namespace {

class CancelledState : public FutureState<std::string> {
 public:
  CancelledState(Scheduler& scheduler, Scope scope) : FutureState(scheduler), scope_(std::move(scope)) {
    if (scope_->cancelled()) {
      Resolve(scope_->reason());
    } else {
      key_ = scope_->OnCancel([this] { Resolve(scope_->reason()); });
    }
  }
  ~CancelledState() override { scope_->Forget(key_); }
  std::string Describe() const override { return "cancellation"; }

 private:
  Scope scope_;
  uint64_t key_ = 0;
};

std::string MakeUuid(uint64_t high, uint64_t low) {
  high = (high & ~0xF000ULL) | 0x4000ULL;                       // version 4
  low = (low & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;  // variant 1
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xFFFF), static_cast<unsigned>(high & 0xFFFF),
                static_cast<unsigned>(low >> 48), static_cast<unsigned long long>(low & 0xFFFFFFFFFFFFULL));
  return text;
}

std::string RandomUuid(Runtime& runtime) {
  const uint64_t high = runtime.Random();
  return MakeUuid(high, runtime.Random());
}

}  // namespace

void ConversionFailed(const absl::Status& status) {
  throw std::runtime_error("cannot convert a payload: " +
                           std::string(status.message().data(), status.message().size()));
}

ChildOptions WithChildId(Runtime& runtime, const ChildOptions& options) {
  ChildOptions with_id = options;
  if (with_id.workflow_id.empty()) with_id.workflow_id = RandomUuid(runtime);
  return with_id;
}

}  // namespace internal

Future<Nothing> Context::Sleep(Duration duration, std::string_view summary) const {
  return runtime_->StartTimer(duration, scope_, summary);
}

Future<Nothing> Context::Until(std::function<bool()> predicate) const {
  return runtime_->AddCondition(std::move(predicate), scope_);
}

Future<bool> Context::UntilFor(std::function<bool()> predicate, Duration limit, std::string_view summary) const {
  auto state = std::make_shared<internal::FutureState<bool>>(runtime_->scheduler());
  state->set_label(internal::MakeLabel("a condition, for " + internal::InWords(limit)));
  const internal::Scope scope = internal::CancelNode::ChildOf(scope_);
  const Future<Nothing> held = runtime_->AddCondition(predicate, scope);
  // `state` settles before the other step is cancelled, so that the cancellation is not seen.
  const auto settle = [state, scope](const Future<Nothing>& step, std::function<bool()> value) {
    step.state()->OnReady([state, scope, raw = step.state().get(), value = std::move(value)] {
      if (state->ready()) return;
      if (raw->failed()) {
        state->Fail(raw->error());
      } else {
        try {
          state->Resolve(value());
        } catch (...) {
          state->Fail(std::current_exception());
        }
      }
      scope->Cancel({});
    });
  };
  settle(held, [] { return true; });
  if (!state->ready()) {
    const Future<Nothing> time_up = runtime_->StartTimer(limit, scope, summary);
    // Conditions are asked after a batch of progress: what came in one batch with the timer's end is in time.
    settle(time_up, [runtime = runtime_, predicate = std::move(predicate)] { return runtime->Holds(predicate); });
    // The runtime knows a condition only weakly; the timer's end is when it may go.
    time_up.state()->OnReady([held] {});
  }
  return Future<bool>(state);
}

Future<std::string> Context::Cancelled() const {
  return Future<std::string>(std::make_shared<internal::CancelledState>(runtime_->scheduler(), scope_));
}

void Context::ThrowIfCancelled() const {
  if (cancelled()) throw CancelledError(scope_->reason());
}

CancellationScope Context::NewScope() const {
  return CancellationScope(Context(*runtime_, internal::CancelNode::ChildOf(scope_)));
}

ExternalWorkflow Context::External(std::string_view workflow_id, std::string_view run_id) const {
  return ExternalWorkflow(*runtime_, scope_, {std::string(workflow_id), std::string(run_id), /*child_only=*/false});
}

double Context::RandomFraction() const { return static_cast<double>(Random() >> 11) * 0x1.0p-53; }

int64_t Context::RandomBetween(int64_t low, int64_t high) const {
  if (low > high) throw std::invalid_argument("RandomBetween: low > high");
  const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  if (span == 0) return static_cast<int64_t>(Random());
  // Values past the last whole multiple of `span` would favour the low end.
  const uint64_t limit = UINT64_MAX - UINT64_MAX % span;
  uint64_t value = Random();
  while (value >= limit) value = Random();
  return static_cast<int64_t>(static_cast<uint64_t>(low) + value % span);
}

std::string Context::Uuid() const { return internal::RandomUuid(*runtime_); }

}  // namespace temporal
