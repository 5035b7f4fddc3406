#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>

#include "temporal/worker/poller.h"
#include "tests/unit/temporal/worker_fixture.h"

// Every call that a worker makes, answered with every code of gRPC: no task is lost, the worker goes on, and nothing is
// repeated without a pause.
namespace temporal {
namespace {

namespace enums = api::enums::v1;

constexpr ActivityRef<int, int> kDouble{"Double"};
constexpr ActivityRef<int, int> kFailsOnce{"FailsOnce"};
constexpr WorkflowRef<int, int> kFlow{"Flow"};

absl::Status Error(int code) { return absl::Status(static_cast<absl::StatusCode>(code), "the server says so"); }

class WorkerCodesTest : public WorkerFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  WorkerCodesTest() {
    activities.Add(kDouble, [](ActivityContext& context, int n) -> absl::StatusOr<int> {
      context.Heartbeat();
      return 2 * n;
    });
    activities.Add(kFailsOnce, [](ActivityContext& context, int n) -> absl::StatusOr<int> {
      if (context.info().attempt == 1) return absl::UnavailableError("not now");
      return n;
    });
    // Makes the worker use each of its calls.
    workflows.AddFunction(kFlow, [this](Context context, int n) -> Task<int> {
      ActivityOptions options(10s);
      options.heartbeat = 10s;
      n = co_await context.Execute(kDouble, n, options);
      if (broken_.exchange(false)) throw std::runtime_error("broken once");
      n = co_await context.Execute(kFailsOnce, n, options);
      co_await context.Sleep(1min);
      co_return n + 1;
    });
  }

  // Until the workflow has ended, moving the clock past every timeout while the worker has nothing else to do.
  bool RunToEnd() {
    for (int i = 0; i < 200 && EventCount("wf", enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED) == 0; ++i) {
      if (!service->WaitForPolls(4)) return false;
      LetItRest();
      service->Advance(11s);
    }
    return EventCount("wf", enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED) == 1;
  }

  // Until nothing has been added to the history for a moment: a lost task leaves no other trace than that.
  void LetItRest() {
    for (int seen = -1, quiet = 0; quiet < 10; ++quiet) {
      const int now = service->History("wf").events_size();
      if (std::exchange(seen, now) != now) quiet = 0;
      std::this_thread::sleep_for(1ms);
    }
  }

  void TryAllCodes(std::string_view method, int cache) {
    for (int code = 1; code <= 16; ++code) {
      SCOPED_TRACE(std::string(method) + " answers " + absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
      testing::FakeServiceOptions server;
      server.page_size = 3;
      UseService(server);
      broken_ = true;
      WorkerOptions options(kQueue);
      options.sticky_cache_size = cache;
      options.poll_timeout = 3s;
      const auto worker = StartWorker(options);
      service->FailNext(method, Error(code));
      Start(kFlow, 4);
      ASSERT_TRUE(RunToEnd());
      EXPECT_EQ(*client->GetResult(kFlow, "wf", 20s), 9);
      EXPECT_LT(service->Calls(method), 100) << "a hot loop";
    }
  }

 private:
  std::atomic<bool> broken_ = true;
};

TEST_P(WorkerCodesTest, NoAnswerLosesATask) { TryAllCodes(GetParam(), 1000); }
TEST_P(WorkerCodesTest, NorWithoutACache) { TryAllCodes(GetParam(), 0); }

INSTANTIATE_TEST_SUITE_P(Calls, WorkerCodesTest,
                         ::testing::Values("PollWorkflowTaskQueue", "PollActivityTaskQueue",
                                           "RespondWorkflowTaskCompleted", "RespondWorkflowTaskFailed",
                                           "RespondActivityTaskCompleted", "RespondActivityTaskFailed",
                                           "RecordActivityTaskHeartbeat", "GetWorkflowExecutionHistory"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(WorkerCodesTest, AQueryThatIsNotAnsweredIsAskedAgain) {
  workflows.AddFunction(WorkflowRef<Nothing, Nothing>("Asked"), [](Context context, Nothing) -> Task<Nothing> {
    context.HandleQuery(QueryRef<Nothing, int>("seven"), [](Nothing) { return 7; });
    co_await context.Sleep(1h);
    co_return Nothing{};
  });
  const auto worker = StartWorker();
  Start(WorkflowRef<Nothing, Nothing>("Asked"), Nothing());
  ASSERT_TRUE(service->WaitIdle());
  for (int code = 1; code <= 16; ++code) {
    service->FailNext("RespondQueryTaskCompleted", Error(code));
    client->Query("wf", QueryRef<Nothing, int>("seven"), Nothing(), 20ms).IgnoreError();
    EXPECT_EQ(*client->Query("wf", QueryRef<Nothing, int>("seven"), Nothing()), 7) << code;
  }
}

// Polls that the server was not told to end are waited for: one that was cut off could lose a task.
TEST_F(WorkerCodesTest, ShutdownEndsWhateverTheServerSays) {
  WorkerOptions options(kQueue);
  options.poll_timeout = 500ms;
  for (const int code : {4, 7, 12, 14}) {
    UseService({});
    const auto worker = StartWorker(options);
    service->FailNext("ShutdownWorker", Error(code));
    worker->Shutdown();
    EXPECT_EQ(service->Calls("ShutdownWorker"), 1) << code;
  }
}

// However polls end: several at once, but never one after the other without a pause.
TEST(Poller, NeverPollsInAHotLoop) {
  const auto polls_within = [](absl::StatusOr<worker::PollResult> answer) {
    std::atomic<int> polls = 0;
    const worker::Shared shared;
    worker::Slots slots(std::make_shared<FixedSlotSupplier>(1), SlotKind::kActivity, "worker", shared);
    worker::Poller poller("poller", "worker", slots, shared);
    poller.Start(1, [&] {
      ++polls;
      return answer;
    });
    std::stop_source never;
    WaitFor(250ms, never.get_token());
    poller.Stop();
    poller.Join();
    EXPECT_TRUE(slots.TryAcquire()) << "each poll gives its slot back";
    return polls.load();
  };
  EXPECT_LE(polls_within(worker::PollResult()), 4) << "no task, at once";
  for (int code = 1; code <= 16; ++code) EXPECT_LE(polls_within(Error(code)), 4) << code;
}

}  // namespace
}  // namespace temporal
