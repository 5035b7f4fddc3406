#include <gmock/gmock.h>

#include <latch>

#include "nlohmann/json.hpp"
#include "temporal/api/history/v1/message.pb.h"
#include "tests/integration/temporal_server.h"

// What shows where a run's code is, on a real Temporal server.
namespace temporal {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr WorkflowRef<Nothing, std::string> kWaits{"Waits"};
constexpr WorkflowRef<Nothing, std::string> kBlocks{"Blocks"};
constexpr SignalRef<std::string> kGo{"go"};
constexpr UpdateRef<Nothing, Nothing> kRest{"rest"};
constexpr QueryRef<Nothing, std::string> kStackTrace{"__stack_trace"};

struct Waits {
  explicit Waits(Context c) : ctx(c), go(c, kGo) {}
  Task<std::string> Run(Nothing) {
    const auto first = co_await AnyOf(go.Received(), ctx.Sleep(1h));
    co_return first.index() == 0 ? std::get<0>(first) : "late";
  }
  Task<void> Rest() { co_await ctx.Sleep(2h); }
  Context ctx;
  SignalChannel<std::string> go;
};

class StackTraceOnServer : public ServerTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(CacheSizes, StackTraceOnServer, ::testing::Values(0, 1000));

TEST_P(StackTraceOnServer, IsShownByTheClientAndTheCli) {
  workflows.Add<Waits>(kWaits).Update(kRest, &Waits::Rest);
  WorkerOptions options = Options();
  options.sticky_cache_size = GetParam();
  const auto worker = StartWorker(workflows, activities, options);
  const std::string id = Start(kWaits, Nothing());
  ASSERT_TRUE(
      client->Update(id, kRest, Nothing(), UpdateOptions(20s).WithId("u1").WithStage(UpdateStage::kAccepted)).ok());
  // A string in json/plain: what Temporal's UI expects for its tab Call Stack.
  const auto answer = client->QueryUntyped(id, kStackTrace.name, *ToPayloads(Nothing()), 20s);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->payloads(0).metadata().at("encoding"), "json/plain");
  const std::string trace = FromPayload<std::string>(answer->payloads(0)).value_or("no text");
  EXPECT_THAT(trace, AllOf(HasSubstr(": Run [blocked on any of (signal 'go', timer "), HasSubstr(" of 3600s)]\n"),
                           HasSubstr(": update 'rest', id u1 [blocked on timer "), HasSubstr(" of 7200s]\n"),
                           ContainsRegex("Waits::Run\\(.*\\)\n    .*temporal_stack_trace_enginetest.cc:[0-9]+\n")));
  if (const auto shown = Cli("workflow stack --output json --workflow-id " + id)) {
    EXPECT_EQ(nlohmann::json::parse(*shown).at("queryResult").at(0), trace);
  }

  ASSERT_TRUE(client->Signal(id, kGo, std::string("well")).ok());
  EXPECT_EQ(client->GetResult(kWaits, id, 30s).value_or("no"), "well");
  // Of a closed run, what it left behind.
  EXPECT_THAT(client->Query(id, kStackTrace, Nothing()).value_or("no"),
              AllOf(HasSubstr("update 'rest'"), ::testing::Not(HasSubstr("Run"))));
}

class DeadlockOnServer : public ServerTest {
 protected:
  static Task<std::string> Blocks(Context ctx, std::latch* release) {
    co_await ctx.Sleep(100ms);
    release->wait();
    co_return "done";
  }
  std::string FailureOf(const std::string& id) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      const auto history = client->History(id);
      for (const auto& event : history->events()) {
        if (!event.has_workflow_task_failed_event_attributes()) continue;
        return event.workflow_task_failed_event_attributes().failure().message();
      }
    }
    return "none";
  }
};

TEST_F(DeadlockOnServer, FailsTheTaskAndTheRunGoesOnWhenTheCodeHasComeBack) {
  std::latch release(1);
  workflows.AddFunction(kBlocks, [&release](Context context, Nothing) { return Blocks(context, &release); });
  WorkerOptions options = Options();
  options.deadlock_detection_timeout = 500ms;
  const auto worker = StartWorker(workflows, activities, options);
  StartOptions start("test/" + NewUuid(), queue);
  start.task_timeout = 2s;
  ASSERT_TRUE(client->Start(kBlocks, Nothing(), start).ok());
  EXPECT_THAT(FailureOf(start.id),
              AllOf(HasSubstr("[TMPRL1101] Potential deadlock detected: workflow Blocks " + start.id),
                    HasSubstr("did not yield for 0.5s, in Run, after the co_await of timer 1 of 0.1s, at "),
                    ContainsRegex("temporal_stack_trace_enginetest.cc:[0-9]+ in .*Blocks")));
  release.count_down();
  EXPECT_EQ(client->GetResult(kBlocks, start.id, 30s).value_or("no"), "done");
}

}  // namespace
}  // namespace temporal
