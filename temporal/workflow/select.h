#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "temporal/workflow/future.h"

// Waiting for several steps. The steps that were not awaited to the end go on; cancel them through their scope.
namespace temporal {

namespace internal {

template <class... Ts>
std::vector<const FutureStateBase*> StatesOf(const std::tuple<Future<Ts>...>& futures) {
  return std::apply([](const auto&... each) { return std::vector<const FutureStateBase*>{each.state().get()...}; },
                    futures);
}
template <class T>
std::vector<const FutureStateBase*> StatesOf(const std::vector<Future<T>>& futures) {
  std::vector<const FutureStateBase*> states;
  for (const Future<T>& future : futures) states.push_back(future.state().get());
  return states;
}

// On which a future that waits for these becomes ready: some of them may be ready from the beginning and have none.
Scheduler& SchedulerOf(const std::vector<const FutureStateBase*>& states);

// Throws the first failure, if any.
void RethrowFirst(const std::vector<const FutureStateBase*>& states);

// "any of (timer 1, signal 'release')"; those that have settled are left out.
std::string DescribeAll(const char* kind, const std::vector<const FutureStateBase*>& states);

template <class Result, class Inputs>
class CombinedState : public FutureState<Result> {
 public:
  // `kind`: "any of" or "all of".
  CombinedState(Scheduler& scheduler, const char* kind, Inputs inputs)
      : FutureState<Result>(scheduler), kind_(kind), inputs_(std::move(inputs)) {}
  std::string Describe() const override { return inputs_ ? DescribeAll(kind_, StatesOf(*inputs_)) : kind_; }
  Inputs& inputs() { return *inputs_; }
  void Release() { inputs_.reset(); }
  size_t remaining = 0;

 private:
  const char* const kind_;
  // Dropped once settled: a signal that lost the race goes back to its channel.
  std::optional<Inputs> inputs_;
};

// Runs `done(state)` when `input` is ready, unless the combined future is settled or gone by then.
template <class State, class T, class Done>
void WhenReady(const std::shared_ptr<State>& state, const Future<T>& input, Done done) {
  input.state()->OnReady([weak = std::weak_ptr<State>(state), done = std::move(done)] {
    if (const auto live = weak.lock(); live != nullptr && !live->ready()) done(live);
  });
}

// Takes the value of a ready input into the combined future, or its failure.
template <class State, class Fill>
void Settle(const std::shared_ptr<State>& state, Fill fill) {
  try {
    auto result = fill();
    state->Release();
    state->Resolve(std::move(result));
  } catch (...) {
    state->Release();
    state->Fail(std::current_exception());
  }
}

}  // namespace internal

// The first one to settle, by position: `co_await AnyOf(a, b)` gives a variant whose `index()` tells which and which
// holds its value. If several are ready, the first in argument order. Throws if that one failed.
template <class... Ts>
Future<std::variant<internal::Stored<Ts>...>> AnyOf(Future<Ts>... futures) {
  using Result = std::variant<internal::Stored<Ts>...>;
  using Inputs = std::tuple<Future<Ts>...>;
  using State = internal::CombinedState<Result, Inputs>;
  internal::Scheduler& scheduler = std::get<0>(std::tie(futures...)).state()->scheduler();
  auto state = std::make_shared<State>(scheduler, "any of", Inputs(std::move(futures)...));
  const Inputs inputs = state->inputs();
  [&]<size_t... I>(std::index_sequence<I...>) {
    (internal::WhenReady(state, std::get<I>(inputs),
                         [](const std::shared_ptr<State>& done) {
                           internal::Settle(done, [&] {
                             return Result(std::in_place_index<I>, std::get<I>(done->inputs()).state()->Take(false));
                           });
                         }),
     ...);
  }(std::index_sequence_for<Ts...>());
  return Future<Result>(state);
}

// Index of the first one to settle, well or badly; await that future for its value. `futures` must not be empty.
template <class T>
Future<size_t> AnyOf(std::vector<Future<T>> futures) {
  using State = internal::CombinedState<size_t, std::vector<Future<T>>>;
  internal::Scheduler& scheduler = futures.at(0).state()->scheduler();
  auto state = std::make_shared<State>(scheduler, "any of", futures);
  for (size_t i = 0; i < futures.size(); ++i) {
    internal::WhenReady(state, futures[i],
                        [i](const std::shared_ptr<State>& done) { internal::Settle(done, [&] { return i; }); });
  }
  return Future<size_t>(state);
}

// Waits until all have settled; then a tuple of their values (void as std::monostate), or throws the failure of the
// first in argument order that failed.
template <class... Ts>
Future<std::tuple<internal::Stored<Ts>...>> AllOf(Future<Ts>... futures) {
  using Result = std::tuple<internal::Stored<Ts>...>;
  using Inputs = std::tuple<Future<Ts>...>;
  using State = internal::CombinedState<Result, Inputs>;
  Inputs all(std::move(futures)...);
  internal::Scheduler& scheduler = internal::SchedulerOf(internal::StatesOf(all));
  auto state = std::make_shared<State>(scheduler, "all of", std::move(all));
  state->remaining = sizeof...(Ts);
  const Inputs inputs = state->inputs();
  const auto one_done = [](const std::shared_ptr<State>& done) {
    if (--done->remaining > 0) return;
    internal::Settle(done, [&] {
      internal::RethrowFirst(internal::StatesOf(done->inputs()));  // takes nothing: a signal stays in its channel
      return std::apply([](auto&... each) { return Result{each.state()->Take(false)...}; }, done->inputs());
    });
  };
  std::apply([&](const auto&... each) { (internal::WhenReady(state, each, one_done), ...); }, inputs);
  return Future<Result>(state);
}

// The same for any number of equal steps; of none it is ready at once.
template <class T>
Future<std::vector<internal::Stored<T>>> AllOf(std::vector<Future<T>> futures) {
  using Result = std::vector<internal::Stored<T>>;
  using State = internal::CombinedState<Result, std::vector<Future<T>>>;
  auto state = std::make_shared<State>(internal::SchedulerOf(internal::StatesOf(futures)), "all of", futures);
  state->remaining = futures.size();
  if (futures.empty()) state->Resolve({});
  for (const Future<T>& future : futures) {
    internal::WhenReady(state, future, [](const std::shared_ptr<State>& done) {
      if (--done->remaining > 0) return;
      internal::Settle(done, [&] {
        internal::RethrowFirst(internal::StatesOf(done->inputs()));
        Result result;
        for (auto& each : done->inputs()) result.push_back(each.state()->Take(false));
        return result;
      });
    });
  }
  return Future<Result>(state);
}

}  // namespace temporal
