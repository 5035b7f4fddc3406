// A workflow with one activity, and all that is needed to run it. Usage: sample_hello [ADDRESS]; in memory without one.
#include <cstdio>
#include <memory>
#include <string>

#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/common/proto.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/transport/grpc_transport.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"

using namespace std::chrono_literals;

inline constexpr temporal::ActivityRef<std::string, std::string> kGreet{"Greet"};
inline constexpr temporal::WorkflowRef<std::string, std::string> kHello{"Hello"};

// Runs in a worker, may do anything, may be repeated.
absl::StatusOr<std::string> Greet(temporal::ActivityContext& context, std::string name) {
  if (name.empty()) return absl::InvalidArgumentError("nobody to greet");
  return "Hello, " + name + "!";
}

// Says what is to be done, and is replayed from its history when a worker has forgotten it.
temporal::Task<std::string> Hello(temporal::Context ctx, std::string name) {
  co_return co_await ctx.Execute(kGreet, name, temporal::ActivityOptions(10s));
}

absl::Status Run(std::shared_ptr<temporal::Transport> transport) {
  const auto client = std::make_shared<temporal::Client>(std::move(transport));
  temporal::WorkflowRegistry workflows;
  workflows.AddFunction(kHello, Hello);
  temporal::ActivityRegistry activities;
  activities.Add(kGreet, Greet);
  auto worker = temporal::Worker::Create(client, workflows, activities, temporal::WorkerOptions("greetings"));
  if (!worker.ok()) return worker.status();
  if (absl::Status status = (*worker)->Start(); !status.ok()) return status;

  const temporal::StartOptions options("hello/" + temporal::NewUuid(), "greetings");
  const auto started = client->Start(kHello, std::string("world"), options);
  if (!started.ok()) return started.status();
  const auto result = client->GetResult(kHello, started->workflow_id, 60s);
  if (!result.ok()) return result.status();
  std::puts(result->c_str());
  return *result == "Hello, world!" ? absl::OkStatus() : absl::InternalError("another greeting");
}

int main(int argc, char** argv) {
  std::shared_ptr<temporal::Transport> transport = std::make_shared<temporal::testing::FakeService>();
  if (argc > 1) {
    auto connected = temporal::Connect(temporal::ConnectOptions(argv[1]));
    if (!connected.ok()) return 1;
    transport = *connected;
  }
  const absl::Status status = Run(transport);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
