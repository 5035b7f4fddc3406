#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/common/proto.h"
#include "temporal/transport/grpc_transport.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"

namespace temporal {

using namespace std::chrono_literals;

// A worker on the server that GPUAAS_TEMPORAL_ADDRESS names, on a task queue of its own.
class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* address = std::getenv("GPUAAS_TEMPORAL_ADDRESS");
    if (address == nullptr) GTEST_SKIP() << "GPUAAS_TEMPORAL_ADDRESS names no server";
    auto transport = Connect(ConnectOptions(address));
    ASSERT_TRUE(transport.ok()) << transport.status();
    client = std::make_shared<Client>(*transport);
  }

  WorkerOptions Options() const {
    WorkerOptions options(queue);
    options.poll_timeout = 3s;
    options.deadlock_detection_timeout = 10s;  // a busy machine is no deadlock
    return options;
  }
  std::unique_ptr<Worker> StartWorker() { return StartWorker(workflows, activities, Options()); }
  std::unique_ptr<Worker> StartWorker(const WorkflowRegistry& w, const ActivityRegistry& a, WorkerOptions options) {
    auto worker = Worker::Create(client, w, a, std::move(options));
    EXPECT_TRUE(worker.ok()) << worker.status();
    const absl::Status status = (*worker)->Start();
    EXPECT_TRUE(status.ok()) << status;
    return *std::move(worker);
  }

  template <class Request, class Result>
  std::string Start(const WorkflowRef<Request, Result>& workflow, const Request& request) {
    const std::string id = "test/" + NewUuid();
    const auto started = client->Start(workflow, request, StartOptions(id, queue));
    EXPECT_TRUE(started.ok()) << started.status();
    return id;
  }
  template <class Request, class Result>
  absl::StatusOr<Result> Run(const WorkflowRef<Request, Result>& workflow, const Request& request) {
    return client->GetResult(workflow, Start(workflow, request), 30s);
  }

  // What the temporal CLI says on its standard output; nothing if GPUAAS_TEMPORAL_CLI does not name it.
  static std::optional<std::string> Cli(const std::string& arguments) {
    const char* cli = std::getenv("GPUAAS_TEMPORAL_CLI");
    if (cli == nullptr) return std::nullopt;
    const std::string command =
        std::string(cli) + " " + arguments + " --address " + std::getenv("GPUAAS_TEMPORAL_ADDRESS");
    std::string output;
    FILE* pipe = popen(command.c_str(), "r");
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
    EXPECT_EQ(pclose(pipe), 0) << command;
    return output;
  }

  // Asks the server until `done` holds of the description, at most 20 s.
  bool Until(const std::string& id, const std::function<bool(const WorkflowDescription&)>& done) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      const auto description = client->Describe(id);
      if (description.ok() && done(*description)) return true;
    }
    return false;
  }

  const std::string queue = "test-" + NewUuid();
  std::shared_ptr<Client> client;
  WorkflowRegistry workflows;
  ActivityRegistry activities;
};

}  // namespace temporal
