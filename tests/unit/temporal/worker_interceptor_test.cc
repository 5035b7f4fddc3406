#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "temporal/testing/replayer.h"
#include "tests/unit/temporal/correlation_interceptor.h"
#include "tests/unit/temporal/worker_fixture.h"

namespace temporal {
namespace {

constexpr ActivityRef<std::string, std::string> kStep{"Step"};
constexpr WorkflowRef<std::string, std::string> kParent{"Parent"};
constexpr WorkflowRef<std::string, std::string> kChild{"Child"};
constexpr WorkflowRef<Nothing, int> kCounting{"Counting"};
constexpr SignalRef<int> kAdd{"add"};
constexpr QueryRef<Nothing, int> kTotal{"total"};
constexpr UpdateRef<int, int> kSet{"set"};

std::string Text(const PayloadMap& headers) {
  const auto found = headers.find(kHeader);
  return found == headers.end() ? "none" : *FromPayload<std::string>(found->second);
}

// Writes down what passes, in the tests' order of interest.
class Journal {
 public:
  void Add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Recorder : public WorkflowInterceptor {
 public:
  Recorder(Journal& journal, std::string name) : journal_(journal), name_(std::move(name)) {}

  Task<Payload> ExecuteWorkflow(ExecuteWorkflowInput input, Next<Task<Payload>, ExecuteWorkflowInput> next) override {
    Write("run", input.headers);
    Payload result = co_await next(std::move(input));
    journal_.Add(name_ + " ran");
    co_return result;
  }
  void HandleSignal(HandleSignalInput input, Next<void, HandleSignalInput> next) override {
    Write("signal " + input.name, input.headers);
    next(std::move(input));
  }
  Payload HandleQuery(HandleQueryInput input, Next<Payload, HandleQueryInput> next) override {
    Write("query " + input.name, input.headers);
    return next(std::move(input));
  }
  void ValidateUpdate(UpdateInput input, Next<void, UpdateInput> next) override {
    Write("validate " + input.name, input.headers);
    next(std::move(input));
  }
  Task<Payload> ExecuteUpdate(UpdateInput input, Next<Task<Payload>, UpdateInput> next) override {
    Write("update " + input.name, input.headers);
    return next(std::move(input));
  }
  Future<Nothing> StartTimer(StartTimerInput input, Next<Future<Nothing>, StartTimerInput> next) override {
    journal_.Add(name_ + " timer");
    return next(std::move(input));
  }
  Future<Nothing> CancelExternal(CancelExternalInput input, Next<Future<Nothing>, CancelExternalInput> next) override {
    journal_.Add(name_ + " cancel " + input.workflow_id);
    return next(std::move(input));
  }
  void UpsertMemo(PayloadMap fields, Next<void, PayloadMap> next) override {
    journal_.Add(name_ + " memo");
    next(std::move(fields));
  }

 private:
  void Write(const std::string& what, const PayloadMap& headers) {
    journal_.Add(name_ + " " + what + " " + Text(headers));
  }

  Journal& journal_;
  const std::string name_;
};

class WorkerInterceptorTest : public WorkerFixture {
 protected:
  WorkerInterceptorTest() {
    activities.Add(kStep, [this](ActivityContext& context, std::string who) -> absl::StatusOr<std::string> {
      journal.Add("activity " + Text(context.info().headers));
      return who + Text(context.info().headers);
    });
    workflows.AddFunction(kParent, [](Context context, std::string who) -> Task<std::string> {
      const std::string one = co_await context.Execute(kStep, who, ActivityOptions(10s));
      const std::string two = co_await context.ExecuteLocal(kStep, who, LocalActivityOptions(10s));
      auto child = co_await context.StartChild(kChild, who, ChildOptions("child"));
      (void)co_await child.Signal(kAdd, 1);
      co_return one + " " + two + " " + co_await child.Result();
    });
    workflows.AddFunction(kChild, [](Context context, std::string who) -> Task<std::string> {
      if (who == "again") co_return Text(context.info().headers);
      SignalChannel<int> signals(context, kAdd);
      co_await signals.Received();
      co_await context.Execute(kStep, who, ActivityOptions(10s));
      context.ContinueAsNew(std::string("again"));
    });
    workflows.AddFunction(kCounting, [](Context context, Nothing) -> Task<int> {
      int total = 0;
      context.HandleQuery(kTotal, [&total] { return total; });
      context.HandleUpdate(kSet, [&total](int value) { return std::exchange(total, value); });
      SignalChannel<int> signals(context, kAdd);
      context.UpsertMemo("note", 1);
      co_await context.Sleep(1s);
      total += co_await signals.Received();
      (void)co_await context.External("nobody").Cancel();
      co_return total;
    });
  }

  WorkerOptions Options(int cache) {
    WorkerOptions options(kQueue);
    options.sticky_cache_size = cache;
    return options;
  }
  WorkflowInterceptorFactory Record(const std::string& name) {
    return [this, name](const Context&) { return std::make_unique<Recorder>(journal, name); };
  }

  Journal journal;
};

WorkflowInterceptorFactory Correlate() {
  return [](const Context& context) { return std::make_unique<Correlation>(context); };
}

class InterceptorCacheTest : public WorkerInterceptorTest, public ::testing::WithParamInterface<int> {};

TEST_P(InterceptorCacheTest, ACorrelationIdGoesFromTheClientToEverythingBelow) {
  WorkerOptions options = Options(GetParam());
  options.workflow_interceptors = {Correlate()};
  const auto worker = StartWorker(options);
  StartOptions start("wf", kQueue);
  start.headers[kHeader] = *ToPayload(std::string("c17"));
  ASSERT_TRUE(client->Start(kParent, std::string("x"), start).ok());
  const auto result = client->GetResult(kParent, "wf", 20s);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, "xc17 xc17 c17") << "activity, local activity, child that continued as new";
  const auto lines = journal.Take();
  EXPECT_EQ(lines, std::vector<std::string>(3, "activity c17"));
  const auto parent = service->History("wf");
  const auto signalled = std::find_if(parent.events().begin(), parent.events().end(), [](const auto& event) {
    return event.has_signal_external_workflow_execution_initiated_event_attributes();
  });
  ASSERT_NE(signalled, parent.events().end());
  EXPECT_TRUE(
      signalled->signal_external_workflow_execution_initiated_event_attributes().header().fields().contains(kHeader));
  testing::Replayer replayer(workflows);
  replayer.set_interceptors({Correlate()});
  EXPECT_TRUE(replayer.Replay(parent).ok());
}

INSTANTIATE_TEST_SUITE_P(CacheSizes, InterceptorCacheTest, ::testing::Values(0, 1, 1000));

TEST_F(WorkerInterceptorTest, AllThatComesInPassesTheInterceptorsInTheirOrder) {
  WorkerOptions options = Options(1000);
  options.workflow_interceptors = {Record("a"), Record("b")};
  const auto worker = StartWorker(options);
  Start(kCounting, Nothing());
  AdvanceWhenIdle(1ms);
  EXPECT_EQ(journal.Take(),
            (std::vector<std::string>{"a run none", "b run none", "a memo", "b memo", "a timer", "b timer"}));
  EXPECT_EQ(*client->Query("wf", kTotal, Nothing()), 0);
  EXPECT_EQ(journal.Take(), (std::vector<std::string>{"a query total none", "b query total none"}));
  EXPECT_EQ(*client->ExecuteUpdate("wf", kSet, 5), 0);
  EXPECT_EQ(journal.Take(), (std::vector<std::string>{"a validate set none", "b validate set none", "a update set none",
                                                      "b update set none"}));
  ASSERT_TRUE(client->Signal("wf", kAdd, 2).ok());
  ASSERT_TRUE(service->WaitIdle());
  EXPECT_EQ(journal.Take(), (std::vector<std::string>{"a signal add none", "b signal add none"}));
  service->Advance(1s);
  EXPECT_FALSE(client->GetResult(kCounting, "wf", 20s).ok()) << "there is nobody to cancel";
  EXPECT_EQ(journal.Take(), (std::vector<std::string>{"a cancel nobody", "b cancel nobody"}));

  testing::Replayer replayer(workflows);
  replayer.set_interceptors({Record("r")});
  EXPECT_TRUE(replayer.Replay(service->History("wf")).ok());
  EXPECT_EQ(journal.Take(), (std::vector<std::string>{"r run none", "r memo", "r timer", "r update set none",
                                                      "r signal add none", "r cancel nobody"}))
      << "validators are not asked on replay";
}

// Puts an activity before every run, and takes the answers' places.
class Guard : public WorkflowInterceptor {
 public:
  explicit Guard(const Context& context) : context_(context) {}
  Task<Payload> ExecuteWorkflow(ExecuteWorkflowInput input, Next<Task<Payload>, ExecuteWorkflowInput> next) override {
    const std::string allowed = co_await context_.Execute(kStep, std::string("guard "), ActivityOptions(10s));
    Payload result = co_await next(std::move(input));
    co_return *ToPayload(allowed + *FromPayload<std::string>(result));
  }
  Future<Payload> ExecuteActivity(ExecuteActivityInput input,
                                  Next<Future<Payload>, ExecuteActivityInput> next) override {
    return context_.Spawn(Delayed(context_, std::move(input), std::move(next)));
  }
  void ValidateUpdate(UpdateInput input, Next<void, UpdateInput> next) override {
    throw ApplicationFailure("not today", "CLOSED");
  }

 private:
  static Task<Payload> Delayed(Context context, ExecuteActivityInput input,
                               Next<Future<Payload>, ExecuteActivityInput> next) {
    co_await context.Sleep(1s);
    co_return co_await next(std::move(input));
  }
  const Context context_;
};

class GuardTest : public InterceptorCacheTest {};

TEST_P(GuardTest, InterceptorsMayDoStepsOfTheirOwnAndRefuse) {
  testing::FakeServiceOptions server;
  server.skip_time = true;
  UseService(server);
  workflows.AddFunction(WorkflowRef<std::string, std::string>("Plain"),
                        [](Context context, std::string who) -> Task<std::string> {
                          context.HandleUpdate(kSet, [](int value) { return value; });
                          SignalChannel<int> signals(context, kAdd);
                          co_await signals.Received();
                          co_return co_await context.Execute(kStep, who, ActivityOptions(10s));
                        });
  const WorkflowRef<std::string, std::string> plain("Plain");
  WorkerOptions options = Options(GetParam());
  options.workflow_interceptors = {[](const Context& context) { return std::make_unique<Guard>(context); }};
  const auto worker = StartWorker(options);
  Start(plain, std::string("x"));
  ASSERT_TRUE(service->WaitForEvent("wf", api::enums::v1::EVENT_TYPE_ACTIVITY_TASK_COMPLETED));
  const auto refused = client->ExecuteUpdate("wf", kSet, 5);
  EXPECT_EQ(refused.status().message(), "not today");
  ASSERT_TRUE(client->Signal("wf", kAdd, 1).ok());
  const auto result = client->GetResult(plain, "wf", 20s);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(*result, "guard nonexnone");
  EXPECT_EQ(EventCount("wf", api::enums::v1::EVENT_TYPE_TIMER_FIRED), 2) << "one before each activity";
  EXPECT_EQ(EventCount("wf", api::enums::v1::EVENT_TYPE_WORKFLOW_TASK_FAILED), 0);
}

INSTANTIATE_TEST_SUITE_P(CacheSizes, GuardTest, ::testing::Values(0, 1000));

}  // namespace
}  // namespace temporal
