#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "temporal/client/client.h"
#include "temporal/transport/grpc_transport.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"
#include "tests/conformance/kitchen_sink/activities.h"
#include "tests/conformance/kitchen_sink/workflow.h"

// A worker of the kitchen-sink protocol: kitchen_sink_worker ADDRESS NAMESPACE TASK_QUEUE... until SIGTERM or SIGINT.
int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "Usage: kitchen_sink_worker ADDRESS NAMESPACE TASK_QUEUE...\n");
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);  // before any thread is made

  auto transport = temporal::Connect(temporal::ConnectOptions(argv[1]));
  if (!transport.ok()) {
    std::fprintf(stderr, "%s\n", transport.status().ToString().c_str());
    return 1;
  }
  const auto client = std::make_shared<temporal::Client>(*transport, temporal::ClientOptions(argv[2]));
  temporal::WorkflowRegistry workflows;
  temporal::kitchen_sink::AddKitchenSink(workflows);
  temporal::ActivityRegistry activities;
  temporal::kitchen_sink::AddActivities(activities, client);
  std::vector<std::unique_ptr<temporal::Worker>> workers;
  for (int i = 3; i < argc; ++i) {
    auto worker = temporal::Worker::Create(client, workflows, activities, temporal::WorkerOptions(argv[i]));
    const absl::Status status = worker.ok() ? (*worker)->Start() : worker.status();
    if (!status.ok()) {
      std::fprintf(stderr, "task queue %s: %s\n", argv[i], status.ToString().c_str());
      return 1;
    }
    workers.push_back(*std::move(worker));
  }
  std::printf("ready\n");
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
}
