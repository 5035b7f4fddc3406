#include "temporal/client/batch.h"
#include "tests/integration/temporal_server.h"

// Many workflows at once, resets, deletion and counts on a real Temporal server.
namespace temporal {
namespace {

constexpr WorkflowRef<std::string, std::string> kWait{"Wait"};
constexpr SignalRef<std::string> kGo{"go"};

class BatchOnServer : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (client == nullptr) return;
    batches = std::make_unique<BatchClient>(*client);
    workflows.AddFunction(kWait, [](Context context, std::string prefix) -> Task<std::string> {
      SignalChannel<std::string> signals(context, kGo);
      const std::string word = co_await signals.Received();
      co_return prefix + word;
    });
  }

  // Starts so many, and waits until the visibility store knows them and their first task is done.
  std::vector<std::string> StartMany(int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) ids.push_back(Start(kWait, std::string("got ")));
    for (const std::string& id : ids) {
      EXPECT_TRUE(Until(id, [](const auto& d) { return d.summary.history_length >= 4; }));
    }
    EXPECT_TRUE(UntilCount(Mine(), count));
    return ids;
  }
  std::string Mine(const std::string& more = "") const { return "TaskQueue = '" + queue + "'" + more; }
  bool UntilCount(const std::string& query, int64_t count) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      if (client->Count(query).value_or(-1) == count) return true;
    }
    return false;
  }
  // Starts the operation as soon as no other test's is in the way.
  bool Begin(const std::function<absl::StatusOr<std::string>()>& start) {
    const auto until = std::chrono::steady_clock::now() + 1min;
    do {
      job = start();
    } while (absl::IsResourceExhausted(job.status()) && std::chrono::steady_clock::now() < until);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok();
  }
  // Waits until the operation has ended, at most 30 s.
  BatchOperationDescription Ended() {
    const auto until = std::chrono::steady_clock::now() + 30s;
    absl::StatusOr<BatchOperationDescription> description;
    do {
      description = batches->Describe(*job);
    } while (std::chrono::steady_clock::now() < until &&
             (!description.ok() || description->summary.state == BatchOperationState::kRunning));
    EXPECT_TRUE(description.ok()) << description.status();
    return description.value_or(BatchOperationDescription());
  }
  BatchOperationDescription Finished(const std::function<absl::StatusOr<std::string>()>& start) {
    if (!Begin(start)) return {};
    const auto description = Ended();
    EXPECT_EQ(description.summary.state, BatchOperationState::kCompleted);
    return description;
  }

  std::unique_ptr<BatchClient> batches;
  absl::StatusOr<std::string> job;  // the last one
};

TEST_F(BatchOnServer, SignalsAllThatAQueryFinds) {
  const auto worker = StartWorker();
  const auto ids = StartMany(3);
  const auto done = Finished([&] { return batches->Signal(kGo, "there", BatchOptions(Mine(), "test")); });
  EXPECT_EQ(done.type, BatchOperationType::kSignal);
  EXPECT_EQ(done.total, 3);
  EXPECT_EQ(done.complete, 3);
  EXPECT_EQ(done.failed, 0);
  EXPECT_EQ(done.reason, "test");
  for (const std::string& id : ids) EXPECT_EQ(*client->GetResult(kWait, id, 20s), "got there");
  const auto page = batches->List(1000);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(std::ranges::any_of(page->operations, [&](const auto& each) { return each.job_id == *job; }));
}

TEST_F(BatchOnServer, CancelsAndTerminates) {
  const auto worker = StartWorker();
  const auto ids = StartMany(2);
  BatchOptions one;
  one.executions = {Execution(ids[0])};
  one.reason = "test";
  EXPECT_EQ(Finished([&] { return batches->Cancel(one); }).complete, 1);
  EXPECT_EQ(client->GetResult(kWait, ids[0], 20s).status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(UntilCount(Mine(" AND ExecutionStatus = 'Running'"), 1));
  EXPECT_EQ(Finished([&] {
              return batches->Terminate(BatchOptions(Mine(" AND ExecutionStatus = 'Running'"), "test"));
            }).complete,
            1);
  EXPECT_EQ(client->GetResult(kWait, ids[1], 20s).status().code(), absl::StatusCode::kAborted);
}

TEST_F(BatchOnServer, ResetsAndBringsTheSignalAgainUnlessToldNotTo) {
  const auto worker = StartWorker();
  const auto ids = StartMany(2);
  for (const std::string& id : ids) {
    ASSERT_TRUE(client->Signal(id, kGo, std::string("once")).ok());
    ASSERT_EQ(*client->GetResult(kWait, id, 20s), "got once");
  }
  const auto reset = Finished([&] {
    return batches->Reset(ResetOptions().WithType(ResetType::kFirstWorkflowTask),
                          BatchOptions("WorkflowId = '" + ids[0] + "'", "test"));
  });
  EXPECT_EQ(reset.type, BatchOperationType::kReset);
  EXPECT_EQ(reset.complete, 1);
  EXPECT_EQ(*client->GetResult(kWait, ids[0], 20s), "got once");

  const auto run = client->Reset(
      ids[1], ResetOptions("test").WithType(ResetType::kFirstWorkflowTask).WithExclude({ResetReapplyExclude::kSignal}));
  ASSERT_TRUE(run.ok()) << run.status();
  ASSERT_TRUE(client->Signal(ids[1], kGo, std::string("anew")).ok());
  EXPECT_EQ(*client->GetResult(kWait, ids[1], 20s), "got anew");
  EXPECT_EQ(batches->Reset(ResetOptions().WithEvent(4), BatchOptions(Mine(), "test")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(BatchOnServer, Deletes) {
  const auto worker = StartWorker();
  const auto ids = StartMany(2);
  ASSERT_TRUE(client->Delete(ids[0]).ok());
  const auto gone = [&](const std::string& id) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      if (client->Describe(id).status().code() == absl::StatusCode::kNotFound) return true;
    }
    return false;
  };
  EXPECT_TRUE(gone(ids[0]));
  EXPECT_EQ(client->Delete("no-such-workflow").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Finished([&] { return batches->Delete(BatchOptions("WorkflowId = '" + ids[1] + "'", "test")); }).complete,
            1);
  EXPECT_TRUE(gone(ids[1]));
}

TEST_F(BatchOnServer, CountsInGroupsAndListsInPages) {
  const auto worker = StartWorker();
  const auto ids = StartMany(3);
  ASSERT_TRUE(client->Terminate(ids[0], "test").ok());
  ASSERT_TRUE(UntilCount(Mine(" AND ExecutionStatus = 'Terminated'"), 1));
  const auto groups = client->CountGroups(Mine(" GROUP BY ExecutionStatus"));
  ASSERT_TRUE(groups.ok()) << groups.status();
  std::map<std::string, int64_t> counted;
  for (const CountGroup& group : *groups) counted[*FromPayload<std::string>(group.values.at(0))] = group.count;
  EXPECT_EQ(counted, (std::map<std::string, int64_t>{{"Running", 2}, {"Terminated", 1}}));

  std::set<std::string> found;
  std::string token;
  int pages = 0;
  do {
    const auto page = client->List(Mine(), 2, token);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& each : page->workflows) found.insert(each.workflow_id);
    token = page->next_page_token;
  } while (!token.empty() && ++pages < 5);
  EXPECT_EQ(found, std::set<std::string>(ids.begin(), ids.end()));
}

TEST_F(BatchOnServer, OneThatGetsNowhereIsStopped) {
  ASSERT_TRUE(Begin([&] { return batches->Cancel(BatchOptions("no such = syntax", "test")); }));
  EXPECT_EQ(batches->Describe(*job)->summary.state, BatchOperationState::kRunning);
  ASSERT_TRUE(batches->Stop(*job, "it was a typo").ok());
  EXPECT_EQ(Ended().summary.state, BatchOperationState::kFailed);
}

TEST_F(BatchOnServer, WhatIsMissingIsSaid) {
  EXPECT_EQ(batches->Cancel(BatchOptions(Mine(), "")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(batches->Cancel(BatchOptions("", "test")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(batches->Describe("no-such-job").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(batches->Stop("no-such-job", "test").code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace temporal
