#include "tests/bench/engine/workflows.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

namespace temporal::bench {
namespace {

using namespace std::chrono_literals;

Task<std::string> Greeting(Context ctx, std::string name) {
  co_return co_await ctx.Execute(kGreet, name, ActivityOptions(10s));
}

Task<std::string> Idle(Context ctx, std::string) {
  const SignalChannel<std::string> wake(ctx, kWake);
  co_return co_await wake.Received();
}

Task<std::string> Replayed(Context ctx, Shape shape) {
  const auto [timers, activities, at_a_time, signals] = shape;
  const SignalChannel<std::string> wake(ctx, kWake);
  for (int i = 0; i < timers; ++i) co_await ctx.Sleep(1s);
  for (int begun = 0; begun < activities;) {
    std::vector<Future<std::string>> batch;
    for (const int end = std::min(begun + at_a_time, activities); begun < end; ++begun) {
      ActivityOptions options(10s);
      options.activity_id = absl::StrCat("a", begun);
      batch.push_back(ctx.Execute(kGreet, "you", options));
    }
    co_await AllOf(batch);
  }
  for (int i = 0; i < signals; ++i) co_await wake.Received();
  co_return "done";
}

}  // namespace

WorkflowRegistry Workflows() {
  WorkflowRegistry registry;
  registry.AddFunction(kGreeting, Greeting);
  registry.AddFunction(kIdle, Idle);
  registry.AddFunction(kReplayed, Replayed);
  return registry;
}

ActivityRegistry Activities() {
  ActivityRegistry registry;
  registry.Add(kGreet,
               [](ActivityContext&, std::string name) -> absl::StatusOr<std::string> { return "Hello " + name; });
  return registry;
}

}  // namespace temporal::bench
