#include <latch>
#include <stdexcept>
#include <thread>

#include "temporal/common/metrics.h"
#include "tests/unit/temporal/recording_observer.h"
#include "tests/unit/temporal/worker_fixture.h"

namespace temporal {
namespace {

constexpr ActivityRef<int, int> kStep{"Step"};
constexpr ActivityRef<int, int> kThrows{"Throws"};
constexpr ActivityRef<int, int> kNobody{"Nobody"};
constexpr ActivityRef<int, int> kUntilStopped{"UntilStopped"};
constexpr WorkflowRef<int, int> kSteps{"Steps"};
constexpr WorkflowRef<int, int> kLocals{"Locals"};
constexpr WorkflowRef<int, int> kEnds{"Ends"};
constexpr WorkflowRef<int, int> kThrowing{"Throwing"};
constexpr SignalRef<int> kGo{"go"};

class WorkerMetricsTest : public WorkerFixture {
 protected:
  WorkerMetricsTest() {
    activities.Add(kStep, [](ActivityContext&, int n) -> absl::StatusOr<int> { return n; });
    activities.Add(kThrows, [this](ActivityContext& context, int) -> absl::StatusOr<int> {
      if (context.info().is_local) running.wait();
      throw std::runtime_error("bad");
    });
    activities.Add(kUntilStopped, [this](ActivityContext& context, int) -> absl::StatusOr<int> {
      running.count_down();
      context.Sleep(20s);
      return context.Cancelled();
    });
    workflows.AddFunction(kSteps, [](Context context, int n) -> Task<int> {
      const auto once = ActivityOptions(10s).WithRetry(RetryPolicy().WithMaximumAttempts(1));
      const ActivityRef<int, int> bad[] = {kThrows, kNobody};
      for (const auto& activity : bad) {
        try {
          co_await context.Execute(activity, n, once);
        } catch (const ActivityError&) {
        }
      }
      co_return co_await context.Execute(kStep, n, ActivityOptions(10s));
    });
    workflows.AddFunction(kLocals, [](Context context, int n) -> Task<int> {
      const auto once = LocalActivityOptions(10s).WithRetry(RetryPolicy().WithMaximumAttempts(1));
      const CancellationScope scope = context.NewScope();
      const auto stopped = scope.context().ExecuteLocal(kUntilStopped, n, once);
      try {
        co_await context.ExecuteLocal(kThrows, n, once);
      } catch (const ActivityError&) {
      }
      scope.Cancel();
      try {
        co_await stopped;
      } catch (const ActivityError&) {
      }
      co_return co_await context.ExecuteLocal(kStep, n, once);
    });
    workflows.AddFunction(kEnds, [](Context context, int n) -> Task<int> {
      SignalChannel<int> signals(context, kGo);
      const int how = co_await signals.Received();
      if (how == 1) throw ApplicationFailure("no");
      if (how == 2) context.ContinueAsNew(n);
      co_return n;
    });
    workflows.AddFunction(kThrowing, [](Context, int) -> Task<int> {
      throw std::runtime_error("a fault");
      co_return 0;
    });
  }

  WorkerOptions Options() {
    WorkerOptions options(kQueue);
    options.observer = observer;
    return options;
  }
  // Waits for a count that is reported a moment after what the test can see.
  bool Reaches(const char* metric, double count) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (observer->Sum(metric) < count && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return observer->Sum(metric) >= count;
  }

  std::latch running{1};  // kUntilStopped
  std::shared_ptr<RecordingObserver> observer = std::make_shared<RecordingObserver>();
};

TEST_F(WorkerMetricsTest, Activities) {
  auto worker = StartWorker(Options());
  Start(kSteps, 1);
  EXPECT_EQ(*client->GetResult(kSteps, "wf", 20s), 1);
  ASSERT_TRUE(service->WaitForPolls(4));
  worker->Shutdown();
  EXPECT_EQ(observer->Sum(metrics::kActivityScheduleToStartLatency), 3);
  EXPECT_EQ(observer->Sum(metrics::kActivityExecutionLatency), 3);
  EXPECT_EQ(observer->Sum(metrics::kActivityExecutionFailed), 2);
  EXPECT_EQ(observer->Sum(metrics::kActivityTaskError, "activity_type", "Throws"), 1);
  EXPECT_EQ(observer->Sum(metrics::kUnregisteredActivityInvocation, "activity_type", "Nobody"), 1);
  EXPECT_EQ(observer->Sum(metrics::kActivitySucceedEndToEndLatency, "activity_type", "Step"), 1);
  EXPECT_GE(observer->Sum(metrics::kActivityPollNoTask, "task_queue", kQueue), 1);
  EXPECT_EQ(observer->Sum(metrics::kWorkerTaskSlotsUsed), 0) << "nothing runs any more";
  EXPECT_EQ(observer->Sum(metrics::kWorkerTaskSlotsAvailable, "worker_type", "ActivityWorker"), 100);
}

TEST_F(WorkerMetricsTest, LocalActivities) {
  const auto worker = StartWorker(Options());
  Start(kLocals, 1);
  EXPECT_EQ(*client->GetResult(kLocals, "wf", 20s), 1);
  EXPECT_TRUE(Reaches(metrics::kLocalActivityTotal, 3));
  EXPECT_TRUE(Reaches(metrics::kLocalActivityExecutionCancelled, 1));
  EXPECT_EQ(observer->Sum(metrics::kLocalActivityExecutionFailed, "activity_type", "Throws"), 1);
  EXPECT_EQ(observer->Sum(metrics::kLocalActivityError), 1);
  EXPECT_EQ(observer->Sum(metrics::kLocalActivityExecutionLatency), 3);
  EXPECT_EQ(observer->Sum(metrics::kLocalActivitySucceedEndToEndLatency), 1);
}

TEST_F(WorkerMetricsTest, WorkflowsAndTheirTasks) {
  WorkerOptions options = Options();
  options.sticky_cache_size = 1;
  auto worker = StartWorker(options);
  for (const char* id : {"completes", "fails", "goes on", "is cancelled"}) {
    Start(kEnds, 1, id);
    ASSERT_TRUE(service->WaitIdle());
  }
  EXPECT_EQ(observer->Sum(metrics::kStickyCacheMiss), 4);
  EXPECT_EQ(observer->Sum(metrics::kStickyCacheTotalForcedEviction), 3) << "there is room for one";
  EXPECT_EQ(observer->Sum(metrics::kStickyCacheSize), 1);
  ASSERT_TRUE(client->Signal("completes", kGo, 0).ok());
  EXPECT_TRUE(client->GetResult(kEnds, "completes", 20s).ok());
  EXPECT_EQ(observer->Sum(metrics::kWorkflowTaskReplayLatency), 1);
  ASSERT_TRUE(client->Signal("fails", kGo, 1).ok());
  EXPECT_FALSE(client->GetResult(kEnds, "fails", 20s).ok());
  ASSERT_TRUE(client->Signal("goes on", kGo, 2).ok());
  ASSERT_TRUE(service->WaitIdle());
  ASSERT_TRUE(client->Cancel("is cancelled").ok());
  EXPECT_FALSE(client->GetResult(kEnds, "is cancelled", 20s).ok());
  for (const char* metric : {metrics::kWorkflowCompleted, metrics::kWorkflowFailed, metrics::kWorkflowContinueAsNew,
                             metrics::kWorkflowCanceled}) {
    EXPECT_EQ(observer->Sum(metric, "workflow_type", "Ends"), 1) << metric;
  }
  EXPECT_EQ(observer->Sum(metrics::kWorkflowEndToEndLatency), 4);

  Start(kThrowing, 1);
  EXPECT_TRUE(Reaches(metrics::kWorkflowTaskExecutionFailed, 1));
  EXPECT_TRUE(Reaches(metrics::kWorkflowTaskNoCompletion, 1)) << "the second attempt is left to time out";
  EXPECT_EQ(observer->Sum(metrics::kWorkflowTaskExecutionFailed, "failure_reason", "WorkflowError"), 1);
  ASSERT_TRUE(service->WaitForPolls(4));
  worker->Shutdown();
  EXPECT_EQ(observer->Sum(metrics::kWorkflowTaskQueuePollSucceed),
            observer->Sum(metrics::kWorkflowTaskExecutionLatency));
  EXPECT_EQ(observer->Sum(metrics::kWorkflowTaskQueuePollSucceed),
            observer->Sum(metrics::kWorkflowTaskScheduleToStartLatency));
  EXPECT_EQ(observer->Sum(metrics::kWorkflowTaskQueuePollEmpty), 2) << "one for each poll that the shutdown ended";
}

TEST_F(WorkerMetricsTest, RequestsAndPollers) {
  service->FailNext("PollActivityTaskQueue", absl::ResourceExhaustedError("busy"));
  service->FailNext("DescribeNamespace", absl::ResourceExhaustedError("busy"));
  auto created = Worker::Create(client, workflows, activities, Options());
  ASSERT_TRUE(created.ok());
  EXPECT_FALSE((*created)->Start().ok());
  EXPECT_EQ(observer->Sum(metrics::kRequest), 2);
  EXPECT_EQ(observer->Sum(metrics::kRequestLatency, "operation", "GetSystemInfo"), 1);
  EXPECT_EQ(observer->Sum(metrics::kRequestFailure, "status_code", "RESOURCE_EXHAUSTED"), 1);
  EXPECT_EQ(observer->Sum(metrics::kRequestResourceExhausted, "operation", "DescribeNamespace"), 1);
  ASSERT_TRUE((*created)->Start().ok());
  ASSERT_TRUE(service->WaitForPolls(4));
  EXPECT_GE(observer->Sum(metrics::kLongRequest, "operation", "PollActivityTaskQueue"), 3);
  EXPECT_EQ(observer->Sum(metrics::kLongRequestFailure, "namespace", "default"), 1);
  EXPECT_EQ(observer->Sum(metrics::kLongRequestResourceExhausted), 1);
  EXPECT_EQ(observer->Sum(metrics::kNumPollers), 4);
  EXPECT_EQ(observer->Sum(metrics::kNumPollers, "poller_type", "activity_task"), 2);
  EXPECT_EQ(observer->Sum(metrics::kPollerStart), 4);
  EXPECT_EQ(observer->Sum(metrics::kWorkerStart, "worker_type", "WorkflowWorker"), 1);
  EXPECT_EQ(observer->Sum(metrics::kWorkerStart), 3) << "the third is that of local activities";
  (*created)->Shutdown();
  EXPECT_EQ(observer->Sum(metrics::kNumPollers), 0);
  EXPECT_GE(observer->Sum(metrics::kLongRequestLatency), 4);
  EXPECT_TRUE(observer->NegativeLatencies().empty());
}

TEST_F(WorkerMetricsTest, StickyTasksAreHits) {
  const auto worker = StartWorker(Options());
  Start(kEnds, 1);
  ASSERT_TRUE(service->WaitIdle());
  ASSERT_TRUE(client->Signal("wf", kGo, 0).ok());
  EXPECT_TRUE(client->GetResult(kEnds, "wf", 20s).ok());
  EXPECT_EQ(observer->Sum(metrics::kStickyCacheHit), 1);
  EXPECT_EQ(observer->Sum(metrics::kStickyCacheMiss), 1);
  EXPECT_EQ(observer->Sum(metrics::kStickyCacheTotalForcedEviction), 0) << "a finished run goes by itself";
}

}  // namespace
}  // namespace temporal
