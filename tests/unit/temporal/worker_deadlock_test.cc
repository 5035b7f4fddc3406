#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "temporal/testing/manual_timers.h"
#include "temporal/worker/deadlock_detector.h"
#include "temporal/workflow/internal/place.h"
#include "tests/unit/temporal/worker_fixture.h"

// Workflow code that keeps its thread. The detector's clock is the test's; the code is held until the test lets it go.
namespace temporal {
namespace {

namespace enums = api::enums::v1;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr ActivityRef<std::string, std::string> kGreet{"Greet"};
constexpr WorkflowRef<std::string, std::string> kFlow{"Flow"};

// Holds whoever comes until it is opened.
class Gate {
 public:
  void Pass() {
    ++waiting_;
    waiting_.notify_all();
    open_.wait(false);
  }
  void Open() {
    open_ = true;
    open_.notify_all();
  }
  void WaitForSomebody(int count = 1) {
    for (int seen = waiting_; seen < count; seen = waiting_) waiting_.wait(seen);
  }
  int came() const { return waiting_; }

 private:
  std::atomic<bool> open_ = false;
  std::atomic<int> waiting_ = 0;
};

class Deadlocks : public WorkerFixture {
 protected:
  Deadlocks() {
    activities.Add(kGreet, [](ActivityContext&, std::string who) -> absl::StatusOr<std::string> { return who; });
    workflows.AddFunction(
        kFlow, [gate = gate](Context ctx, std::string how) -> Task<std::string> { return Flow(ctx, how, gate); });
  }
  ~Deadlocks() override { gate->Open(); }

  static Task<std::string> Flow(Context ctx, std::string how, std::shared_ptr<Gate> gate) {
    const auto greeting = co_await ctx.Execute(kGreet, how, ActivityOptions(1min));
    if (how == "blocks") gate->Pass();
    co_return greeting;
  }

  WorkerOptions Options(int tasks = 8) const {
    WorkerOptions options(kQueue);
    options.timers = timers;
    options.deadlock_detection_timeout = 1s;
    options.max_concurrent_workflow_tasks = tasks;
    return options;
  }
  absl::StatusOr<std::string> Result(const std::string& id) { return client->GetResult(kFlow, id, 20s); }
  std::string FailureOf(const std::string& id) {
    EXPECT_TRUE(service->WaitForEvent(id, enums::EVENT_TYPE_WORKFLOW_TASK_FAILED));
    const auto history = service->History(id);
    for (const auto& event : history.events()) {
      if (event.has_workflow_task_failed_event_attributes()) {
        return event.workflow_task_failed_event_attributes().failure().message();
      }
    }
    return "none";
  }

  // Lets attempts that nobody works on time out until the run has such an event.
  void AdvanceUntil(const std::string& id, enums::EventType type) {
    for (int tries = 0; tries < 100'000 && EventCount(id, type) == 0; ++tries) {
      service->Advance(10s);
      std::this_thread::yield();
    }
    EXPECT_GT(EventCount(id, type), 0);
  }

  const std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  const std::shared_ptr<testing::ManualTimers> timers = std::make_shared<testing::ManualTimers>();
};

TEST_F(Deadlocks, fail_the_task_and_say_where) {
  const auto worker = StartWorker(Options());
  Start(kFlow, std::string("blocks"), "stuck");
  gate->WaitForSomebody();
  timers->Advance(1s);
  EXPECT_THAT(FailureOf("stuck"),
              AllOf(HasSubstr("[TMPRL1101] Potential deadlock detected: workflow Flow stuck run "),
                    HasSubstr(" did not yield for 1s, in Run, after the co_await of activity Greet, id 1, at "),
                    ContainsRegex("worker_deadlock_test.cc:[0-9]+ in .*Flow")));
  gate->Open();
}

TEST_F(Deadlocks, leave_the_other_workflows_alone) {
  // As many are stuck as there are places.
  WorkerOptions options = Options(/*tasks=*/2);
  options.sticky_cache_size = 0;  // no place is kept for the sticky queue
  const auto worker = StartWorker(options);
  Start(kFlow, std::string("blocks"), "stuck-1");
  Start(kFlow, std::string("blocks"), "stuck-2");
  gate->WaitForSomebody(2);
  timers->Advance(1s);
  Start(kFlow, std::string("works"), "fine");
  EXPECT_EQ(Result("fine").value_or("no"), "works");
  gate->Open();
}

TEST_F(Deadlocks, are_over_when_the_code_comes_back_and_its_result_is_dropped) {
  const auto worker = StartWorker(Options());
  Start(kFlow, std::string("blocks"), "wf");
  gate->WaitForSomebody();
  timers->Advance(1s);
  FailureOf("wf");
  gate->Open();  // the next attempt passes
  AdvanceUntil("wf", enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED);
  EXPECT_EQ(Result("wf").value_or("no"), "blocks");
  // The one that was given up has completed nothing: one task for the activity, one for the end.
  EXPECT_EQ(EventCount("wf", enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED), 2);
}

TEST_F(Deadlocks, do_not_keep_a_worker_from_shutting_down) {
  auto worker = StartWorker(Options());
  Start(kFlow, std::string("blocks"), "wf");
  gate->WaitForSomebody();
  timers->Advance(1s);
  FailureOf("wf");
  worker->Shutdown();
  worker.reset();
  gate->Open();
}

TEST_F(Deadlocks, take_one_thread_of_a_run_and_no_more) {
  const auto worker = StartWorker(Options());
  Start(kFlow, std::string("blocks"), "wf");
  gate->WaitForSomebody();
  timers->Advance(1s);
  FailureOf("wf");
  AdvanceUntil("wf", enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT);  // the second attempt: nobody has done it
  Start(kFlow, std::string("works"), "other");
  EXPECT_EQ(Result("other").value_or("no"), "works");
  EXPECT_EQ(gate->came(), 1);
  gate->Open();
}

class Detector : public ::testing::Test {
 protected:
  std::shared_ptr<worker::DeadlockDetector> Make(Duration limit) {
    return std::make_shared<worker::DeadlockDetector>(
        timers, limit, [this](const auto& task, const std::string&) { found.push_back(task.task_token()); });
  }
  static worker::DeadlockDetector::Task Task(const char* name) {
    worker::DeadlockDetector::Task task;
    task.set_task_token(name);
    task.mutable_workflow_execution()->set_run_id(std::string("run of ") + name);
    return task;
  }

  const std::shared_ptr<testing::ManualTimers> timers = std::make_shared<testing::ManualTimers>();
  internal::Place place;
  std::vector<std::string> found;
};

TEST_F(Detector, counts_from_each_entry) {
  const auto detector = Make(1s);
  worker::DeadlockDetector::Watch a(*detector, Task("a"));
  worker::DeadlockDetector::Watch b(*detector, Task("b"));
  a.Enter(place);
  timers->Advance(600ms);
  b.Enter(place);
  EXPECT_TRUE(a.Leave());
  a.Enter(place);
  timers->Advance(600ms);
  EXPECT_THAT(found, IsEmpty());
  timers->Advance(400ms);
  EXPECT_THAT(found, ElementsAre("b", "a"));
  timers->Advance(10s);
  EXPECT_EQ(found.size(), 2u);  // each once
  EXPECT_TRUE(detector->Stuck("run of a"));
  EXPECT_FALSE(a.Leave());
  EXPECT_FALSE(detector->Stuck("run of a"));
  EXPECT_TRUE(a.given_up());
}

TEST_F(Detector, that_is_off_sets_no_timer) {
  const auto detector = Make(0s);
  worker::DeadlockDetector::Watch watch(*detector, Task("a"));
  watch.Enter(place);
  timers->Advance(1h);
  EXPECT_TRUE(watch.Leave());
  EXPECT_THAT(found, IsEmpty());
}

TEST_F(Detector, outlives_no_timer) {
  {
    const auto detector = Make(1s);
    worker::DeadlockDetector::Watch watch(*detector, Task("a"));
    watch.Enter(place);
    EXPECT_TRUE(watch.Leave());
  }
  timers->Advance(1h);
  EXPECT_THAT(found, IsEmpty());
}

}  // namespace
}  // namespace temporal
