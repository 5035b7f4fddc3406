// A test of a workflow without a server: the clock is the test's, and so is the history.
#include "temporal/samples/stage.h"
#include "temporal/testing/fake/fake_service.h"
#include "temporal/testing/replayer.h"

using namespace std::chrono_literals;
using samples::Stage;

inline constexpr temporal::WorkflowRef<int, std::string> kTrial{"Trial"};
inline const temporal::Step<std::string, temporal::Nothing> kMail{"Mail", temporal::ActivityOptions(10s)};

temporal::Task<std::string> Trial(temporal::Context ctx, int days) {
  co_await ctx.Sleep(24h * days);
  co_await ctx.Execute(kMail, "your trial is over");
  co_return "over";
}

int main() {
  const auto service = std::make_shared<temporal::testing::FakeService>();
  const auto client = std::make_shared<temporal::Client>(service);
  temporal::WorkflowRegistry workflows;
  workflows.AddFunction(kTrial, Trial);
  temporal::ActivityRegistry activities;
  activities.Add(kMail, [](temporal::ActivityContext&, std::string) { return absl::OkStatus(); });
  const auto worker =
      Stage::Value(temporal::Worker::Create(client, workflows, activities, temporal::WorkerOptions("trials")));
  Stage::Expect(worker->Start().ok(), "a worker");

  Stage::Expect(client->Start(kTrial, 30, temporal::StartOptions("trial/1", "trials")).ok(), "a start");
  Stage::Expect(service->WaitIdle(), "it waits for its timer");
  service->Advance(24h * 29);
  Stage::Expect(client->Describe("trial/1")->summary.status == temporal::WorkflowStatus::kRunning, "one day left");
  worker->EvictAll();  // as if the worker had been started again: the rest is replayed
  service->Advance(24h);
  Stage::Expect(client->GetResult(kTrial, "trial/1", 20s).value_or("") == "over", "the end");

  // Before a release: does the code still do what it did? In a project of your own, with histories from a folder.
  Stage::Expect(temporal::testing::Replayer(workflows).Replay(service->History("trial/1")).ok(), "the replay");
}
