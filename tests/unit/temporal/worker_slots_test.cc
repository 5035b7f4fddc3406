#include <atomic>
#include <thread>

#include "temporal/common/metrics.h"
#include "temporal/common/proto.h"
#include "temporal/worker/poller_scaling.h"
#include "temporal/worker/rate_limiter.h"
#include "temporal/worker/resource_slots.h"
#include "temporal/worker/slots.h"
#include "tests/unit/temporal/recording_observer.h"
#include "tests/unit/temporal/worker_fixture.h"

namespace temporal {
namespace {

using worker::PollerScaling;
using worker::RateLimiter;

constexpr ActivityRef<int, int> kStep{"Step"};
constexpr WorkflowRef<int, int> kFlow{"Flow"};
const PollerScaling::Instant kStart = PollerScaling::Instant() + 1h;

TEST(PollerScalingTest, FollowsTheServerWithinItsBounds) {
  PollerScaling scaling(PollerAutoscaling(2, 6, 4));
  EXPECT_EQ(scaling.target(), 4);
  scaling.Polled(true, 1, kStart);
  EXPECT_EQ(scaling.target(), 4) << "the first period tells whether more polls bring more";
  scaling.Polled(true, -1, kStart);
  EXPECT_EQ(scaling.target(), 3) << "fewer at once";
  scaling.Polled(true, 2, kStart + 110ms);
  EXPECT_EQ(scaling.target(), 5);
  scaling.Polled(true, 5, kStart + 120ms);
  EXPECT_EQ(scaling.target(), 6);
  scaling.Polled(true, -10, kStart + 130ms);
  EXPECT_EQ(scaling.target(), 2);
}

TEST(PollerScalingTest, DoesNotGrowWhileNothingMoreComes) {
  PollerScaling scaling(PollerAutoscaling(1, 10, 2));
  for (int i = 0; i < 10; ++i) scaling.Polled(true, {}, kStart);
  for (int i = 0; i < 10; ++i) scaling.Polled(true, {}, kStart + 110ms);
  scaling.Polled(true, 1, kStart + 210ms);
  EXPECT_EQ(scaling.target(), 2) << "ten in the last period, as in the one before";
  for (int i = 0; i < 20; ++i) scaling.Polled(true, {}, kStart + 220ms);
  scaling.Polled(true, 1, kStart + 310ms);
  EXPECT_EQ(scaling.target(), 3);
}

TEST(PollerScalingTest, EmptyPollsAndErrorsCountOnlyOnceTheServerScales) {
  PollerScaling scaling(PollerAutoscaling(1, 20, 10));
  scaling.Polled(false, {}, kStart);
  scaling.Failed(absl::StatusCode::kUnavailable, kStart);
  EXPECT_EQ(scaling.target(), 10) << "it would never come up again";
  scaling.Polled(true, 0, kStart);
  scaling.Polled(false, {}, kStart);
  EXPECT_EQ(scaling.target(), 9);
  scaling.Failed(absl::StatusCode::kUnavailable, kStart);
  EXPECT_EQ(scaling.target(), 8);
  scaling.Failed(absl::StatusCode::kResourceExhausted, kStart);
  EXPECT_EQ(scaling.target(), 4);
}

TEST(PollerScalingTest, StrangeBoundsAreMended) {
  EXPECT_EQ(PollerScaling(PollerAutoscaling(0, 0, 0)).target(), 1);
  EXPECT_EQ(PollerScaling(PollerAutoscaling(5, 3, 9)).target(), 5);
}

TEST(SlotsTest, NoneIsGivenOnceStopped) {
  const worker::Shared shared;
  const auto supplier = std::make_shared<FixedSlotSupplier>(1);
  worker::Slots slots(supplier, SlotKind::kActivity, "ActivityWorker", shared);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(slots.Acquire(stop.get_token())) << "although one is free";
  EXPECT_TRUE(supplier->TryReserve({})) << "it was given back";
}

TEST(RateLimiterTest, GivesTurnsOneAfterTheOther) {
  RateLimiter limiter(10);
  EXPECT_EQ(limiter.Take(kStart), kStart);
  EXPECT_EQ(limiter.Take(kStart), kStart + 100ms);
  EXPECT_EQ(limiter.Take(kStart), kStart + 200ms);
  limiter.Return();
  EXPECT_EQ(limiter.Take(kStart), kStart + 200ms);
  EXPECT_EQ(limiter.Take(kStart + 1h), kStart + 1h) << "turns nobody took are not saved up";
  std::stop_source stop;
  stop.request_stop();
  RateLimiter slow(0.001);
  EXPECT_TRUE(slow.Wait({}));
  EXPECT_FALSE(slow.Wait(stop.get_token()));
  EXPECT_TRUE(RateLimiter(0).Wait(stop.get_token())) << "no limit";
}

class SetResources : public ResourceProbe {
 public:
  absl::StatusOr<ResourceUsage> Read() override { return usage; }
  absl::StatusOr<ResourceUsage> usage = ResourceUsage{0.1, 0.1};
};

class ResourceSlotsTest : public ::testing::Test {
 protected:
  const SlotInfo info;
  std::shared_ptr<SetResources> resources = std::make_shared<SetResources>();
  std::shared_ptr<ResourceController> controller = std::make_shared<ResourceController>(ResourceTargets(), resources);
};

TEST_F(ResourceSlotsTest, TheControllerHasRoomBelowTheTargets) {
  EXPECT_TRUE(controller->MayAdd(kStart));
  EXPECT_TRUE(controller->MayAdd(kStart + 1s));
  resources->usage = ResourceUsage{0.85, 0.1};
  EXPECT_FALSE(controller->MayAdd(kStart + 2s)) << "memory above its target";
  resources->usage = ResourceUsage{0.1, 0.95};
  EXPECT_FALSE(controller->MayAdd(kStart + 3s)) << "CPU above its target";
  resources->usage = ResourceUsage{0.1, 0.5};
  EXPECT_TRUE(controller->MayAdd(kStart + 4s));
  resources->usage = ResourceUsage{0.5, 0.5};
  EXPECT_FALSE(controller->MayAdd(kStart + 4100ms)) << "below, but rising fast: 0.4 of all memory in 100 ms";
  EXPECT_TRUE(controller->MayAdd(kStart + 5s)) << "it does not rise any more";
  resources->usage = absl::UnavailableError("no numbers");
  EXPECT_FALSE(controller->MayAdd(kStart + 6s));
}

TEST_F(ResourceSlotsTest, TheMinimumIsAlwaysThereAndTheMaximumNeverExceeded) {
  ResourceBasedSlotSupplier slots(controller, ResourceSlotOptions(2, 4, Duration(0)));
  resources->usage = ResourceUsage{0.99, 0.99};
  EXPECT_TRUE(slots.TryReserve(info));
  EXPECT_TRUE(slots.Reserve(info, {}));
  EXPECT_FALSE(slots.TryReserve(info));
  slots.Release(info, true);
  EXPECT_TRUE(slots.TryReserve(info));
  resources->usage = ResourceUsage{0.1, 0.1};
  // The controller reads what it is told; a moment after the machine was full that looks like a fall.
  EXPECT_TRUE(slots.Reserve(info, {}));
  EXPECT_TRUE(slots.Reserve(info, {}));
  EXPECT_FALSE(slots.TryReserve(info)) << "four is all";
}

TEST_F(ResourceSlotsTest, OneAtATimeWithinTheThrottle) {
  ResourceBasedSlotSupplier slots(controller, ResourceSlotOptions(0, 10, 1h));
  EXPECT_TRUE(slots.TryReserve(info));
  EXPECT_FALSE(slots.TryReserve(info));
}

TEST_F(ResourceSlotsTest, WaitingEndsWithARoomOrAStop) {
  resources->usage = ResourceUsage{0.99, 0.99};
  ResourceBasedSlotSupplier slots(controller, ResourceSlotOptions(1, 10, Duration(0)));
  EXPECT_TRUE(slots.TryReserve(info));
  std::atomic<bool> got = false;
  std::thread waiting([&] { got = slots.Reserve(info, {}); });
  slots.Release(info, true);
  waiting.join();
  EXPECT_TRUE(got);
  std::stop_source stop;
  std::thread stopped([&] { got = slots.Reserve(info, stop.get_token()); });
  stop.request_stop();
  stopped.join();
  EXPECT_FALSE(got);
}

TEST(SystemResourcesTest, AreFractions) {
  const auto probe = SystemResources();
  const auto usage = probe->Read();
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_GT(usage->memory, 0);
  EXPECT_LT(usage->memory, 1.5);
  EXPECT_GE(usage->cpu, 0);
}

class WorkerSlotsTest : public WorkerFixture {
 protected:
  WorkerSlotsTest() {
    activities.Add(kStep, [](ActivityContext&, int n) -> absl::StatusOr<int> { return n; });
    workflows.AddFunction(kFlow, [](Context context, int n) -> Task<int> {
      const int local = co_await context.ExecuteLocal(kStep, n, LocalActivityOptions(10s));
      co_return local + co_await context.Execute(kStep, n, ActivityOptions(10s));
    });
  }
};

// Counts what is taken, used and given back.
class CountingSupplier : public FixedSlotSupplier {
 public:
  CountingSupplier() : FixedSlotSupplier(10) {}
  bool Reserve(const SlotInfo& info, std::stop_token stop) override {
    const bool reserved = FixedSlotSupplier::Reserve(info, stop);
    held += reserved;
    return reserved;
  }
  bool TryReserve(const SlotInfo& info) override {
    const bool reserved = FixedSlotSupplier::TryReserve(info);
    held += reserved;
    return reserved;
  }
  void MarkUsed(const SlotInfo& info) override {
    EXPECT_EQ(info.task_queue, kQueue);
    ++used[static_cast<size_t>(info.kind)];
  }
  void Release(const SlotInfo& info, bool was_used) override {
    --held;
    released_used += was_used;
    FixedSlotSupplier::Release(info, was_used);
  }
  std::atomic<int> held = 0;
  std::atomic<int> released_used = 0;
  std::atomic<int> used[3] = {};
};

TEST_F(WorkerSlotsTest, ASupplierOfOnesOwn) {
  const auto supplier = std::make_shared<CountingSupplier>();
  WorkerOptions options(kQueue);
  options.workflow_slots = options.activity_slots = options.local_activity_slots = supplier;
  const auto worker = StartWorker(options);
  Start(kFlow, 2);
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), 4);
  worker->Shutdown();
  EXPECT_EQ(supplier->used[static_cast<size_t>(SlotKind::kWorkflow)], 2);
  EXPECT_EQ(supplier->used[static_cast<size_t>(SlotKind::kActivity)], 1);
  EXPECT_EQ(supplier->used[static_cast<size_t>(SlotKind::kLocalActivity)], 1);
  while (supplier->held > 0) std::this_thread::yield();  // a local activity gives its slot back last
  EXPECT_EQ(supplier->released_used, 4);
}

TEST_F(WorkerSlotsTest, ResourceBasedSlots) {
  const auto controller = std::make_shared<ResourceController>(ResourceTargets(), std::make_shared<SetResources>());
  WorkerOptions options(kQueue);
  options.workflow_slots = std::make_shared<ResourceBasedSlotSupplier>(controller, ResourceSlotOptions::ForWorkflows());
  options.activity_slots = options.local_activity_slots =
      std::make_shared<ResourceBasedSlotSupplier>(controller, ResourceSlotOptions::ForActivities());
  const auto worker = StartWorker(options);
  for (const char* id : {"a", "b", "c"}) Start(kFlow, 2, id);
  for (const char* id : {"a", "b", "c"}) EXPECT_EQ(*client->GetResult(kFlow, id, 20s), 4);
}

TEST_F(WorkerSlotsTest, PollersFollowTheServer) {
  const auto observer = std::make_shared<RecordingObserver>();
  service->SuggestPolls(1);
  WorkerOptions options(kQueue);
  options.observer = observer;
  options.disable_eager_activities = true;
  options.workflow_poller_autoscaling = PollerAutoscaling(1, 4, 1);
  options.activity_poller_autoscaling = PollerAutoscaling(1, 4, 1);
  const auto worker = StartWorker(options);
  const auto polls = [&](const char* type) { return observer->Sum(metrics::kNumPollers, "poller_type", type); };
  const auto grown = [&] { return polls("workflow_task") == 4 && polls("activity_task") == 4; };
  const auto until = std::chrono::steady_clock::now() + 20s;
  for (int i = 0; !grown() && std::chrono::steady_clock::now() < until; ++i) {
    Start(kFlow, 2, std::to_string(i));
    ASSERT_TRUE(client->GetResult(kFlow, std::to_string(i), 20s).ok());
  }
  EXPECT_TRUE(grown()) << polls("workflow_task") << " and " << polls("activity_task");
  service->SuggestPolls(-1);
  while (polls("activity_task") > 1 && std::chrono::steady_clock::now() < until) {
    const std::string id = Start(kFlow, 2, NewUuid());
    ASSERT_TRUE(client->GetResult(kFlow, id, 20s).ok());
  }
  EXPECT_EQ(polls("activity_task"), 1);
}

TEST_F(WorkerSlotsTest, ManyPollersLeaveASlotForTheOtherQueue) {
  WorkerOptions options(kQueue);
  options.max_concurrent_workflow_tasks = 2;
  options.workflow_pollers = 20;
  const auto worker = StartWorker(options);
  Start(kFlow, 2);
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), 4);
}

TEST_F(WorkerSlotsTest, LimitedRatesTurnEagerActivitiesOff) {
  WorkerOptions options(kQueue);
  options.max_activities_per_second = 1000;
  options.max_local_activities_per_second = 1000;
  options.max_task_queue_activities_per_second = 1000;
  const auto worker = StartWorker(options);
  Start(kFlow, 2);
  EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), 4);
  EXPECT_TRUE(service->WaitForCalls("PollActivityTaskQueue", 3)) << "two that wait, and one that got the task";
}

}  // namespace
}  // namespace temporal
