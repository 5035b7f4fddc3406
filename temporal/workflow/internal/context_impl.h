#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>

// Bodies of Context's longer templates; included by context.h only.
namespace temporal {

namespace internal {

// Calls a handler with its one argument, or with none.
template <class F, class Argument>
decltype(auto) CallWith(F& handler, Argument argument) {
  if constexpr (std::invocable<F&>) {
    return handler();
  } else {
    return handler(std::move(argument));
  }
}
template <class Argument, class F>
decltype(auto) CallHandler(F& handler, const Payloads& input) {
  return CallWith(handler, DecodeArguments<Argument>(input));
}

// The argument of a signal. Anybody may send one, so that one which does not fit is dropped with a warning: it must not
// stop the workflow.
template <class Argument>
std::optional<Argument> DecodeSignal(Runtime& runtime, std::string_view name, const Payloads& input) {
  auto argument = FromPayloads<Argument>(input);
  if (argument.ok()) return *std::move(argument);
  runtime.Log(LogLevel::kWarning, "dropped a signal '" + std::string(name) + "': " + argument.status().ToString());
  return std::nullopt;
}

template <class T>
using ValueOf = std::conditional_t<std::is_void_v<T>, Nothing, T>;

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<Task<T>> = true;

template <class T>
Task<Payload> EncodeResult(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
    co_return EncodeValue(Nothing{});
  } else {
    co_return EncodeValue(co_await std::move(task));
  }
}

inline Task<Payload> Immediately(Payload value) { co_return value; }

// `owner` holds what `body` uses: the handler may be replaced meanwhile.
inline Task<void> GuardHandler(Runtime* runtime, std::shared_ptr<void> owner, Task<void> body, HandlerInProgress) {
  try {
    co_await std::move(body);
  } catch (...) {
    runtime->HandlerFailed(std::current_exception());
  }
}

ChildOptions WithChildId(Runtime& runtime, const ChildOptions& options);

}  // namespace internal

template <class Request, class Result>
Future<ChildHandle<Result>> Context::StartChild(const WorkflowRef<Request, Result>& workflow,
                                                const std::type_identity_t<Request>& request,
                                                const ChildOptions& options) const {
  const ChildOptions with_id = internal::WithChildId(*runtime_, options);
  const Future<internal::ChildStarted> started =
      runtime_->StartChild(workflow.name, with_id, internal::EncodeArguments(request), scope_);
  return internal::Mapped<ChildHandle<Result>>(
      started, [context = *this, id = with_id.workflow_id](const internal::ChildStarted& child) {
        // A child is signalled by id alone, so that the signal reaches the run it continued as.
        ExternalWorkflow workflow(context.runtime(), context.scope(), {id, {}, /*child_only=*/true});
        return ChildHandle<Result>(std::move(workflow), child.run_id, internal::Decoded<Result>(child.result));
      });
}

template <class Request, class Result>
Future<Result> Context::ExecuteChild(const WorkflowRef<Request, Result>& workflow,
                                     const std::type_identity_t<Request>& request, const ChildOptions& options) const {
  const Future<ChildHandle<Result>> started = StartChild(workflow, request, options);
  auto state = std::make_shared<internal::FutureState<Result>>(runtime_->scheduler());
  state->set_label(started.state()->label());
  started.state()->OnReady([state, raw = started.state().get()] {
    if (raw->failed()) return state->Fail(raw->error());
    const auto& result = raw->peek()->Result().state();
    result->OnReady([state, from = result.get()] {
      if (from->failed()) return state->Fail(from->error());
      state->Resolve(from->Take(false));
    });
  });
  return Future<Result>(state);
}

template <class Argument, class F>
void Context::HandleSignal(const SignalRef<Argument>& signal, F handler, HandlerOptions options) const {
  auto erased = [runtime = runtime_, name = std::string(signal.name),
                 handler = std::make_shared<F>(std::move(handler))](const Payloads& input) {
    std::optional<Argument> argument = internal::DecodeSignal<Argument>(*runtime, name, input);
    if (!argument) return;
    try {
      if constexpr (internal::is_task<decltype(internal::CallWith(*handler, *std::move(argument)))>) {
        Task<void> body = internal::CallWith(*handler, *std::move(argument));
        Task<void> guarded =
            internal::GuardHandler(runtime, handler, std::move(body), internal::HandlerInProgress(*runtime));
        (void)internal::Spawn(runtime->scheduler(), std::move(guarded), "signal '" + name + "'");
      } else {
        internal::CallWith(*handler, *std::move(argument));
      }
    } catch (...) {
      runtime->HandlerFailed(std::current_exception());
    }
  };
  runtime_->SetSignalHandler(signal.name, std::move(erased), std::move(options));
}

template <class Argument, class Result, class F>
void Context::HandleQuery(const QueryRef<Argument, Result>& query, F handler, HandlerOptions options) const {
  auto erased = [handler = std::move(handler)](const Payloads& input) mutable {
    return internal::EncodeValue<Result>(internal::CallHandler<Argument>(handler, input));
  };
  runtime_->SetQueryHandler(query.name, std::move(erased), std::move(options));
}

template <class Argument, class Result, class F, class V>
void Context::HandleUpdate(const UpdateRef<Argument, Result>& update, F handler, V validator,
                           HandlerOptions options) const {
  internal::UpdateHandler erased;
  erased.validate = [validator = std::move(validator)](const Payloads& input) mutable {
    auto argument = FromPayloads<Argument>(input);
    if (!argument.ok()) throw ApplicationFailure(argument.status());
    internal::CallWith(validator, *std::move(argument));
  };
  erased.run = [handler = std::move(handler)](const Payloads& input) mutable -> Task<Payload> {
    using Returned = decltype(internal::CallHandler<Argument>(handler, input));
    if constexpr (internal::is_task<Returned>) {
      static_assert(std::is_same_v<Result, internal::ValueOf<typename Returned::value_type>>);
      return internal::EncodeResult(internal::CallHandler<Argument>(handler, input));
    } else if constexpr (std::is_void_v<Returned>) {
      static_assert(std::is_same_v<Result, Nothing>);
      internal::CallHandler<Argument>(handler, input);
      return internal::Immediately(internal::EncodeValue(Nothing{}));
    } else {
      return internal::Immediately(internal::EncodeValue<Result>(internal::CallHandler<Argument>(handler, input)));
    }
  };
  runtime_->SetUpdateHandler(update.name, std::move(erased), std::move(options));
}

}  // namespace temporal
