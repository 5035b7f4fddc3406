#include <thread>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/converter/failure_converter.h"
#include "temporal/testing/replayer.h"
#include "tests/integration/temporal_server.h"
#include "tests/unit/temporal/counter_workflow.h"

// Updates on a real Temporal server.
namespace temporal {
namespace {

namespace enums = api::enums::v1;

class UpdateOnServer : public ServerTest {
 protected:
  UpdateOnServer() { AddCounter(workflows, activities); }

  int EventCount(const std::string& id, enums::EventType type) {
    const auto history = client->History(id);
    EXPECT_TRUE(history.ok()) << history.status();
    int count = 0;
    for (const auto& event : history->events()) count += event.event_type() == type;
    return count;
  }
  void ExpectReplays(const std::string& id) {
    auto history = client->History(id);
    ASSERT_TRUE(history.ok()) << history.status();
    EXPECT_EQ(testing::Replayer(workflows).Replay(*std::move(history)), absl::OkStatus());
  }
};

class UpdateOnServerCached : public UpdateOnServer, public ::testing::WithParamInterface<int> {};

TEST_P(UpdateOnServerCached, AcceptedRejectedFailedAndFinished) {
  WorkerOptions options = Options();
  options.sticky_cache_size = GetParam();
  const auto worker = StartWorker(workflows, activities, options);
  const std::string id = Start(kCounter, 0);
  const std::string other = Start(kCounter, 0);  // with a cache of one run, they evict one another
  for (int round = 0; round < 2; ++round) {
    const auto added = client->ExecuteUpdate(id, kAdd, 2);
    ASSERT_TRUE(added.ok()) << added.status();
    EXPECT_TRUE(client->ExecuteUpdate(other, kAdd, 1).ok());
    for (int i = 0; i < 2; ++i) {
      const auto rejected = client->ExecuteUpdate(id, kAdd, -1);
      EXPECT_EQ(rejected.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(rejected.status().message(), "only upwards");
    }
    EXPECT_EQ(*client->ExecuteUpdate(id, kAddDouble, 5), *added + 10);
    EXPECT_FALSE(client->ExecuteUpdate(id, kAdd, -1).ok());
    ASSERT_TRUE(client->Signal(id, kPlus, 100).ok());
    EXPECT_EQ(client->ExecuteUpdate(id, kAdd, 101).status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(*client->Query(id, kTotal, Nothing()), *added + 110);
  }
  EXPECT_EQ(client->ExecuteUpdate(id, kFinish, Nothing()).status(), absl::OkStatus());
  EXPECT_EQ(*client->GetResult(kCounter, id, 30s), 2 * 112);
  EXPECT_EQ(EventCount(id, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED), 7);
  EXPECT_EQ(EventCount(id, enums::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
  ExpectReplays(id);
  ExpectReplays(other);
}

INSTANTIATE_TEST_SUITE_P(CacheSizes, UpdateOnServerCached, ::testing::Values(1000, 1, 0));

TEST_F(UpdateOnServer, ManyAtOnceAmongSignals) {
  const auto worker = StartWorker();
  const std::string id = Start(kCounter, 0);
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 8; ++k) {
          if (!client->Signal(id, kPlus, 1).ok()) ++failures;
          if (!client->ExecuteUpdate(id, k % 3 == 0 ? kAddDouble : kAdd, 1, UpdateOptions(60s)).ok()) ++failures;
          if (client->ExecuteUpdate(id, kAdd, -1, UpdateOptions(60s)).ok()) ++failures;
          if (k == 4) worker->EvictAll();
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  ASSERT_TRUE(client->ExecuteUpdate(id, kFinish, Nothing()).ok());
  EXPECT_EQ(*client->GetResult(kCounter, id, 30s), 4 * (8 + 5 + 3 * 2));
  ExpectReplays(id);
}

TEST_F(UpdateOnServer, ARejectionLeavesNoTrace) {
  const auto worker = StartWorker();
  const std::string id = Start(kCounter, 0);
  ASSERT_EQ(*client->ExecuteUpdate(id, kAdd, 1), 1);
  const auto before = client->History(id);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(client->ExecuteUpdate(id, kAdd, -1).ok());
  EXPECT_EQ(client->History(id)->events_size(), before->events_size());
  EXPECT_EQ(*client->ExecuteUpdate(id, kAdd, 1), 2);
  ASSERT_TRUE(client->Terminate(id, "done").ok());
}

TEST_F(UpdateOnServer, AcceptedFirstThenItsResultByHandle) {
  const auto worker = StartWorker(workflows, ActivityRegistry(), Options());
  const std::string id = Start(kCounter, 1);
  const auto handle =
      client->Update(id, kAddDouble, 4, UpdateOptions().WithStage(UpdateStage::kAccepted).WithId("mine"));
  ASSERT_TRUE(handle.ok()) << handle.status();
  EXPECT_FALSE(handle->outcome);
  EXPECT_EQ(client->GetResult(*handle, 100ms).status().code(), absl::StatusCode::kDeadlineExceeded);
  const auto other = StartWorker();
  EXPECT_EQ(*client->GetResult(*handle, 30s), 9);
  EXPECT_EQ(*client->ExecuteUpdate(id, kAddDouble, 4, UpdateOptions().WithId("mine")), 9);
  ASSERT_TRUE(client->Terminate(id, "done").ok());
}

TEST_F(UpdateOnServer, WithStart) {
  const auto worker = StartWorker();
  const std::string id = "test/" + NewUuid();
  const auto started = client->UpdateWithStart(kCounter, 5, kAdd, 1, StartOptions(id, queue));
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_TRUE(started->started.started);
  EXPECT_EQ(*client->GetResult(started->update, 0s), 1) << "in the first task updates come before Run";
  const auto again = client->UpdateWithStart(kCounter, 5, kAdd, 1, StartOptions(id, queue));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->started.started);
  EXPECT_EQ(again->started.run_id, started->started.run_id);
  EXPECT_EQ(*client->GetResult(again->update, 0s), 7);
  EXPECT_EQ(client->UpdateWithStart(kCounter, 5, kAdd, -1, StartOptions(id, queue))->update.outcome->status().message(),
            "only upwards");
  ASSERT_TRUE(client->ExecuteUpdate(id, kFinish, Nothing()).ok());
  const auto closed =
      client->UpdateWithStart(kCounter, 5, kAdd, 1, StartOptions(id, queue).WithReuse(IdReusePolicy::kRejectDuplicate));
  EXPECT_EQ(closed.status().code(), absl::StatusCode::kAlreadyExists) << closed.status();
}

TEST_F(UpdateOnServer, NoSuchWorkflowAnEndedOneAndOneThatEndsFirst) {
  EXPECT_EQ(client->ExecuteUpdate("test/none", kAdd, 1).status().code(), absl::StatusCode::kNotFound);
  const auto worker = StartWorker(workflows, ActivityRegistry(), Options());
  const std::string id = Start(kCounter, 1);
  const auto accepted = client->Update(id, kAddDouble, 1, UpdateOptions().WithStage(UpdateStage::kAccepted));
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  ASSERT_TRUE(client->Terminate(id, "enough").ok());
  const auto result = client->GetResult(*accepted, 10s);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition) << result.status();
  EXPECT_EQ(client->ExecuteUpdate(id, kAdd, 1).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(UpdateOnServer, ContinuingAsNew) {
  const auto worker = StartWorker();
  const std::string id = Start(kCounter, 1);
  const auto slow = client->Update(id, kAddDouble, 4, UpdateOptions().WithStage(UpdateStage::kAccepted));
  ASSERT_TRUE(slow.ok()) << slow.status();
  const auto again = client->ExecuteUpdate(id, kAgain, Nothing());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*client->GetResult(*slow, 30s), 9);
  EXPECT_EQ(client->ExecuteUpdate(id, kAdd, 1).status(), absl::OkStatus());
  ASSERT_TRUE(client->ExecuteUpdate(id, kFinish, Nothing()).ok());
  EXPECT_EQ(*client->GetResult(kCounter, id, 30s), 10);
  ExpectReplays(id);
}

TEST_F(UpdateOnServer, AResetAppliesThemAgain) {
  const auto worker = StartWorker();
  const std::string id = Start(kCounter, 0);
  ASSERT_EQ(*client->ExecuteUpdate(id, kAdd, 1), 1);
  ASSERT_TRUE(client->Signal(id, kPlus, 10).ok());
  ASSERT_EQ(*client->ExecuteUpdate(id, kAdd, 1), 12);
  const auto run = client->Reset(id, ResetOptions("test").WithEvent(4));
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(*client->ExecuteUpdate(id, kAdd, 1), 13);
  ASSERT_TRUE(client->ExecuteUpdate(id, kFinish, Nothing()).ok());
  EXPECT_EQ(*client->GetResult(kCounter, id, 30s), 13);
  EXPECT_EQ(EventCount(id, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED), 2);
  ExpectReplays(id);
}

}  // namespace
}  // namespace temporal
