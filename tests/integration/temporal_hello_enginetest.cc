#include <gtest/gtest.h>

#include <cstdlib>

#include "temporal/activity/registry.h"
#include "temporal/client/client.h"
#include "temporal/common/proto.h"
#include "temporal/transport/grpc_transport.h"
#include "temporal/worker/worker.h"
#include "temporal/workflow/registry.h"

namespace temporal {
namespace {
using namespace std::chrono_literals;

constexpr ActivityRef<std::string, std::string> kGreet{"Greet"};
constexpr WorkflowRef<std::string, std::string> kHello{"Hello"};
constexpr SignalRef<std::string> kName{"name"};

struct Hello {
  explicit Hello(Context c) : context(c), names(c, kName) {}
  Context context;
  SignalChannel<std::string> names;
  Task<std::string> Run(std::string prefix) {
    const std::string greeting = co_await context.Execute(kGreet, prefix, ActivityOptions(10s));
    co_await context.Sleep(1s);
    const std::string name = co_await names.Received();
    co_return greeting + " " + name;
  }
};

TEST(Hello, OneActivityOneTimerOneSignal) {
  const char* address = std::getenv("GPUAAS_TEMPORAL_ADDRESS");
  if (address == nullptr) GTEST_SKIP() << "GPUAAS_TEMPORAL_ADDRESS names no server";
  auto transport = Connect(ConnectOptions(address));
  ASSERT_TRUE(transport.ok());
  auto client = std::make_shared<Client>(*transport);
  WorkflowRegistry workflows;
  workflows.Add<Hello>(kHello);
  ActivityRegistry activities;
  activities.Add(kGreet, [](ActivityContext&, std::string who) -> absl::StatusOr<std::string> { return "Hello " + who; });
  const std::string queue = "hello-" + NewUuid();
  WorkerOptions options(queue);
  options.poll_timeout = 2s;
  auto worker = Worker::Create(client, workflows, activities, options);
  ASSERT_TRUE(worker.ok());
  ASSERT_TRUE((*worker)->Start().ok());
  const auto started = client->Start(kHello, std::string("dear"), StartOptions(queue, queue));
  ASSERT_TRUE(started.ok()) << started.status();
  ASSERT_TRUE(client->Signal(queue, kName, std::string("world")).ok());
  EXPECT_EQ(*client->GetResult(kHello, queue, 20s), "Hello dear world");
}

}  // namespace
}  // namespace temporal
