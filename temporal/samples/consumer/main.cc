// One workflow on the in-memory Temporal: what a project outside this tree needs to begin.
#include <cstdio>
#include <memory>
#include <string>

#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"

using namespace std::chrono_literals;

inline constexpr temporal::ActivityRef<std::string, std::string> kGreet{"Greet"};
inline constexpr temporal::WorkflowRef<std::string, std::string> kHello{"Hello"};

temporal::Task<std::string> Hello(temporal::Context ctx, std::string name) {
  co_return co_await ctx.Execute(kGreet, name, temporal::ActivityOptions(10s));
}

int main() {
  const auto client = std::make_shared<temporal::Client>(std::make_shared<temporal::testing::FakeService>());
  temporal::WorkflowRegistry workflows;
  workflows.AddFunction(kHello, Hello);
  temporal::ActivityRegistry activities;
  activities.Add(kGreet, [](temporal::ActivityContext&, std::string name) -> absl::StatusOr<std::string> {
    return "Hello, " + name + "!";
  });
  const auto worker = temporal::Worker::Create(client, workflows, activities, temporal::WorkerOptions("queue"));
  if (!worker.ok() || !(*worker)->Start().ok()) return 1;
  if (!client->Start(kHello, std::string("consumer"), temporal::StartOptions("hello", "queue")).ok()) return 1;
  const auto greeting = client->GetResult(kHello, "hello", 20s);
  std::puts(greeting.ok() ? greeting->c_str() : greeting.status().ToString().c_str());
  return greeting.ok() ? 0 : 1;
}
