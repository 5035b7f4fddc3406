#include "tests/integration/temporal_server.h"

// Headers that interceptors add, on their way through a real Temporal server.
namespace temporal {
namespace {

constexpr ActivityRef<Nothing, std::string> kStep{"Step"};
constexpr WorkflowRef<Nothing, std::string> kParent{"Parent"};
constexpr WorkflowRef<Nothing, std::string> kChild{"Child"};
constexpr SignalRef<Nothing> kGo{"go"};
constexpr char kHeader[] = "correlation-id";

class Correlation : public WorkflowInterceptor {
 public:
  explicit Correlation(const Context& context) {
    const auto found = context.info().headers.find(kHeader);
    if (found != context.info().headers.end()) id_ = found->second;
  }
  void HandleSignal(HandleSignalInput input, Next<void, HandleSignalInput> next) override {
    if (input.headers.contains(kHeader)) next(std::move(input));  // others are dropped
  }
  Future<Payload> ExecuteActivity(ExecuteActivityInput input,
                                  Next<Future<Payload>, ExecuteActivityInput> next) override {
    input.options.headers[kHeader] = id_;
    return next(std::move(input));
  }
  Future<StartedChild> StartChild(StartChildInput input, Next<Future<StartedChild>, StartChildInput> next) override {
    input.options.headers[kHeader] = id_;
    return next(std::move(input));
  }
  Future<Nothing> SignalExternal(SignalExternalInput input, Next<Future<Nothing>, SignalExternalInput> next) override {
    input.headers[kHeader] = id_;
    return next(std::move(input));
  }

 private:
  Payload id_;
};

class InterceptorOnServer : public ServerTest {};

TEST_F(InterceptorOnServer, ACorrelationIdGoesFromTheClientToActivityAndChild) {
  activities.Add(kStep, [](ActivityContext& context, Nothing) -> absl::StatusOr<std::string> {
    const auto found = context.info().headers.find(kHeader);
    if (found == context.info().headers.end()) return "none";
    return FromPayload<std::string>(found->second);
  });
  workflows.AddFunction(kParent, [](Context context, Nothing) -> Task<std::string> {
    auto child = co_await context.StartChild(kChild, Nothing());
    (void)co_await child.Signal(kGo, Nothing());
    const std::string mine = co_await context.Execute(kStep, Nothing(), ActivityOptions(30s));
    co_return mine + " " + co_await child.Result();
  });
  workflows.AddFunction(kChild, [](Context context, Nothing) -> Task<std::string> {
    SignalChannel<Nothing> go(context, kGo);
    (void)co_await go.Received();
    co_return co_await context.Execute(kStep, Nothing(), ActivityOptions(30s));
  });
  for (const int cache : {1000, 0}) {
    WorkerOptions options = Options();
    options.sticky_cache_size = cache;
    options.workflow_interceptors = {[](const Context& context) { return std::make_unique<Correlation>(context); }};
    const auto worker = StartWorker(workflows, activities, options);
    StartOptions start("test/" + NewUuid(), queue);
    start.headers[kHeader] = *ToPayload(std::string("c17"));
    ASSERT_TRUE(client->Start(kParent, Nothing(), start).ok());
    const auto result = client->GetResult(kParent, start.id, 30s);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, "c17 c17");
  }
}

}  // namespace
}  // namespace temporal
