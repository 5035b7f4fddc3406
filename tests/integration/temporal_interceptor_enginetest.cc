#include "tests/integration/temporal_server.h"
#include "tests/unit/temporal/correlation_interceptor.h"

// Headers that interceptors add, on their way through a real Temporal server.
namespace temporal {
namespace {

constexpr ActivityRef<Nothing, std::string> kStep{"Step"};
constexpr WorkflowRef<Nothing, std::string> kParent{"Parent"};
constexpr WorkflowRef<Nothing, std::string> kChild{"Child"};
constexpr SignalRef<Nothing> kGo{"go"};

class OnlyCorrelated : public Correlation {
 public:
  using Correlation::Correlation;
  void HandleSignal(HandleSignalInput input, Next<void, HandleSignalInput> next) override {
    if (input.headers.contains(kHeader)) next(std::move(input));  // others are dropped
  }
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
    options.workflow_interceptors = {[](const Context& context) { return std::make_unique<OnlyCorrelated>(context); }};
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
