#include <atomic>
#include <thread>

#include "temporal/common/failure.h"
#include "temporal/converter/failure_converter.h"
#include "tests/unit/temporal/counter_workflow.h"
#include "tests/unit/temporal/worker_fixture.h"

// Updates from the client to the workflow and back, on the in-memory Temporal.
namespace temporal {
namespace {

namespace enums = api::enums::v1;

class UpdateTest : public WorkerFixture {
 protected:
  UpdateTest() { AddCounter(workflows, activities); }
};

class UpdateCacheTest : public UpdateTest, public ::testing::WithParamInterface<Setting> {};

TEST_P(UpdateCacheTest, AcceptedRejectedFailedAndFinished) {
  const auto worker = StartWorker(GetParam());
  for (const char* id : {"a", "b", "c"}) Start(kCounter, 0, id);
  for (int round = 0; round < 2; ++round) {
    for (const char* id : {"a", "b", "c"}) {
      const auto added = client->ExecuteUpdate(id, kAdd, 2);
      ASSERT_TRUE(added.ok()) << added.status();
      EXPECT_EQ(client->ExecuteUpdate(id, kAdd, -1).status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_EQ(*client->ExecuteUpdate(id, kAddDouble, 5), *added + 10);
      EXPECT_EQ(client->ExecuteUpdate(id, kAdd, -1).status().message(), "only upwards");
      ASSERT_TRUE(client->Signal(id, kPlus, 100).ok());
      EXPECT_EQ(client->ExecuteUpdate(id, kAdd, 101).status().code(), absl::StatusCode::kResourceExhausted);
      EXPECT_EQ(*client->Query(id, kTotal, Nothing()), *added + 110);
    }
  }
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_EQ(client->ExecuteUpdate(id, kFinish, Nothing()).status(), absl::OkStatus());
    EXPECT_EQ(*client->GetResult(kCounter, id, 20s), 2 * 112);
    EXPECT_EQ(EventCount(id, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED), 7);
    EXPECT_EQ(EventCount(id, enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED), 7);
    EXPECT_EQ(EventCount(id, enums::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
  }
}

TEST_P(UpdateCacheTest, ManyAtOnceAmongSignals) {
  const auto worker = StartWorker(GetParam());
  Start(kCounter, 0);
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int k = 0; k < 10; ++k) {
          if (!client->Signal("wf", kPlus, 1).ok()) ++failures;
          if (!client->ExecuteUpdate("wf", k % 3 == 0 ? kAddDouble : kAdd, i + 1, UpdateOptions(60s)).ok()) ++failures;
          if (client->ExecuteUpdate("wf", kAdd, -1, UpdateOptions(60s)).ok()) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  ASSERT_TRUE(client->ExecuteUpdate("wf", kFinish, Nothing()).ok());
  EXPECT_EQ(*client->GetResult(kCounter, "wf", 20s), 40 + (1 + 2 + 3 + 4) * (6 + 4 * 2));
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
}

INSTANTIATE_TEST_SUITE_P(CacheAndPages, UpdateCacheTest, kSettings);

TEST_F(UpdateTest, ARejectionLeavesNoTrace) {
  const auto worker = StartWorker();
  Start(kCounter, 0);
  ASSERT_TRUE(service->WaitIdle());
  const int64_t events = service->History("wf").events_size();
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(client->ExecuteUpdate("wf", kAdd, -1).ok());
  EXPECT_EQ(service->History("wf").events_size(), events);
  EXPECT_EQ(*client->ExecuteUpdate("wf", kAdd, 3), 3);
  // The run stays in the cache, unless a task overtakes the answer that dropped the one before.
  EXPECT_LT(service->Calls("GetWorkflowExecutionHistory"), 50);
}

TEST_F(UpdateTest, AnUnknownOneIsRejected) {
  const auto worker = StartWorker();
  Start(kCounter, 0);
  const auto result = client->ExecuteUpdate("wf", UpdateRef<Nothing, Nothing>("other"), Nothing());
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(CarriedFailure(result.status(), nullptr));
}

TEST_F(UpdateTest, AcceptedFirstThenItsResultByHandle) {
  const auto worker = StartWorker(workflows, ActivityRegistry());
  Start(kCounter, 1);
  const auto handle =
      client->Update("wf", kAddDouble, 4, UpdateOptions().WithStage(UpdateStage::kAccepted).WithId("mine"));
  ASSERT_TRUE(handle.ok()) << handle.status();
  EXPECT_EQ(handle->update_id, "mine");
  EXPECT_FALSE(handle->execution.run_id.empty());
  EXPECT_FALSE(handle->outcome);
  const auto early = client->GetResult(*handle, 10ms);
  EXPECT_EQ(early.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(CarriedFailure(early.status(), nullptr));

  const auto other = StartWorker();
  EXPECT_EQ(*client->GetResult(*handle, 20s), 9);
  // The same id is the same update.
  EXPECT_EQ(*client->ExecuteUpdate("wf", kAddDouble, 4, UpdateOptions().WithId("mine")), 9);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED), 1);
}

TEST_F(UpdateTest, ARejectionIsAnOutcomeOfTheHandle) {
  const auto worker = StartWorker();
  Start(kCounter, 1);
  const auto handle = client->Update("wf", kAdd, -1, UpdateOptions().WithStage(UpdateStage::kAccepted));
  ASSERT_TRUE(handle.ok()) << handle.status();
  EXPECT_TRUE(handle->outcome);
  EXPECT_EQ(client->GetResult(*handle, 0s).status().message(), "only upwards");
}

TEST_F(UpdateTest, TheClientOutwaitsTheServer) {
  testing::FakeServiceOptions server;
  server.longest_update_wait = 20ms;
  UseService(server);
  Start(kCounter, 1);
  const auto nobody = client->ExecuteUpdate("wf", kAdd, 1, UpdateOptions(100ms).WithId("u"));
  EXPECT_EQ(nobody.status().code(), absl::StatusCode::kDeadlineExceeded);
  absl::StatusOr<int> result;
  std::jthread asking([&] { result = client->ExecuteUpdate("wf", kAdd, 1, UpdateOptions(20s).WithId("u")); });
  ASSERT_TRUE(service->WaitForCalls("UpdateWorkflowExecution", service->Calls("UpdateWorkflowExecution") + 2));
  const auto worker = StartWorker();
  asking.join();
  EXPECT_EQ(*result, 1) << "in the first task updates come before Run";
}

TEST_F(UpdateTest, NoSuchWorkflow) {
  EXPECT_EQ(client->ExecuteUpdate("wf", kAdd, 1).status().code(), absl::StatusCode::kNotFound);
  const auto worker = StartWorker();
  Start(kCounter, 1);
  ASSERT_TRUE(client->ExecuteUpdate("wf", kFinish, Nothing()).ok());
  ASSERT_TRUE(client->GetResult(kCounter, "wf", 20s).ok());
  EXPECT_EQ(client->ExecuteUpdate("wf", kAdd, 1).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(UpdateTest, TheWorkflowEndsBeforeItAcceptsOrCompletes) {
  {
    const auto worker = StartWorker(workflows, ActivityRegistry());
    Start(kCounter, 1);
    const auto accepted = client->Update("wf", kAddDouble, 1, UpdateOptions().WithStage(UpdateStage::kAccepted));
    ASSERT_TRUE(accepted.ok()) << accepted.status();
    ASSERT_TRUE(client->Terminate("wf", "enough").ok());
    const auto result = client->GetResult(*accepted, 20s);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(CarriedFailure(result.status(), nullptr));
  }
  Start(kCounter, 1, "other");
  absl::StatusOr<int> result;
  std::jthread asking([&] { result = client->ExecuteUpdate("other", kAdd, 1, UpdateOptions(20s)); });
  ASSERT_TRUE(service->WaitForCalls("UpdateWorkflowExecution", 2));
  ASSERT_TRUE(client->Terminate("other", "enough").ok());
  asking.join();
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
}

TEST_F(UpdateTest, WithStart) {
  const auto worker = StartWorker();
  const auto started = client->UpdateWithStart(kCounter, 5, kAdd, 1, StartOptions("wf", kQueue));
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_TRUE(started->started.started);
  EXPECT_EQ(*client->GetResult(started->update, 0s), 1) << "in the first task updates come before Run";
  const auto again = client->UpdateWithStart(kCounter, 5, kAdd, 1, StartOptions("wf", kQueue),
                                             UpdateOptions().WithStage(UpdateStage::kAccepted));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->started.started);
  EXPECT_EQ(again->started.run_id, started->started.run_id);
  EXPECT_EQ(*client->GetResult(again->update, 20s), 7);
  EXPECT_EQ(client->UpdateWithStart(kCounter, 5, kAdd, 1, StartOptions("", kQueue)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(UpdateTest, ContinuingAsNewWaitsForHandlersAndTakesTheNextOnesAlong) {
  const auto worker = StartWorker();
  Start(kCounter, 1);
  const auto slow = client->Update("wf", kAddDouble, 4, UpdateOptions().WithStage(UpdateStage::kAccepted));
  ASSERT_TRUE(slow.ok()) << slow.status();
  const auto again = client->ExecuteUpdate("wf", kAgain, Nothing());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*client->GetResult(*slow, 20s), 9);
  EXPECT_EQ(client->ExecuteUpdate("wf", kAdd, 1).status(), absl::OkStatus());
  ASSERT_TRUE(client->ExecuteUpdate("wf", kFinish, Nothing()).ok());
  EXPECT_EQ(*client->GetResult(kCounter, "wf", 20s), 10);
  EXPECT_EQ(*client->Count(""), 2);
}

TEST_F(UpdateTest, EvictedRunsAreReplayedBeforeTheUpdate) {
  const auto worker = StartWorker();
  Start(kCounter, 1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(service->WaitIdle());
    worker->EvictAll();
    EXPECT_EQ(*client->ExecuteUpdate("wf", kAdd, 1), 2 + i);
    worker->EvictAll();
    EXPECT_FALSE(client->ExecuteUpdate("wf", kAdd, -1).ok());
  }
}

TEST_F(UpdateTest, ATaskThatTimesOutBringsTheUpdateAgain) {
  Start(kCounter, 1);
  {
    const auto worker = StartWorker();
    ASSERT_TRUE(service->WaitIdle());
    service->FailNext("RespondWorkflowTaskCompleted", absl::NotFoundError("gone"));
    absl::StatusOr<int> result;
    std::jthread asking([&] { result = client->ExecuteUpdate("wf", kAdd, 1, UpdateOptions(20s)); });
    ASSERT_TRUE(service->WaitForCalls("RespondWorkflowTaskCompleted", 2));
    service->Advance(11s);
    asking.join();
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, 2);
  }
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT), 1);
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED), 1);
}

TEST_F(UpdateTest, CancellingTheWorkflowFailsItsUpdates) {
  const auto worker = StartWorker(workflows, ActivityRegistry());
  Start(kCounter, 1);
  const auto slow = client->Update("wf", kAddDouble, 4, UpdateOptions().WithStage(UpdateStage::kAccepted));
  ASSERT_TRUE(slow.ok()) << slow.status();
  ASSERT_TRUE(client->Cancel("wf").ok());
  EXPECT_EQ(client->GetResult(*slow, 20s).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(client->GetResult(kCounter, "wf", 20s).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace temporal
