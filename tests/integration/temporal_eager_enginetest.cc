#include "tests/integration/temporal_server.h"
#include "tests/unit/temporal/counting_transport.h"

// Tasks that a real server hands out without a poll.
namespace temporal {
namespace {

constexpr ActivityRef<int, int> kStep{"Step"};
constexpr WorkflowRef<int, int> kFlow{"Flow"};

class EagerOnServer : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (client == nullptr) return;
    transport = std::make_shared<CountingTransport>(client->transport());
    client = std::make_shared<Client>(transport);
    workflows.AddFunction(kFlow, [](Context context, int n) -> Task<int> {
      co_return co_await context.Execute(kStep, n, ActivityOptions(30s));
    });
    activities.Add(kStep, [](ActivityContext&, int n) -> absl::StatusOr<int> { return n + 1; });
  }
  std::shared_ptr<CountingTransport> transport;
};

TEST_F(EagerOnServer, ActivitiesComeWithTheAnswerToTheirTask) {
  const auto worker = StartWorker();
  EXPECT_EQ(*Run(kFlow, 41), 42);
  EXPECT_EQ(transport->requested, 1);
  EXPECT_EQ(transport->granted, 1);
}

TEST_F(EagerOnServer, AWorkflowStartsWithTheAnswerToItsStart) {
  const auto worker = StartWorker();
  const std::string id = "test/" + NewUuid();
  ASSERT_TRUE(client->Start(kFlow, 41, StartOptions(id, queue).WithEagerStart()).ok());
  EXPECT_EQ(transport->eager_starts, 1);
  EXPECT_EQ(*client->GetResult(kFlow, id, 30s), 42);
}

TEST_F(EagerOnServer, WithoutAWorkerOfTheProcessTheStartIsAnOrdinaryOne) {
  const std::string id = "test/" + NewUuid();
  ASSERT_TRUE(client->Start(kFlow, 41, StartOptions(id, queue).WithEagerStart()).ok());
  EXPECT_EQ(transport->eager_starts, 0);
  const auto worker = StartWorker();
  EXPECT_EQ(*client->GetResult(kFlow, id, 30s), 42);
}

}  // namespace
}  // namespace temporal
