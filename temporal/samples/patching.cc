// Changing the code of workflows that are under way, in three releases.
#include <cstdio>

#include "temporal/api/history/v1/message.pb.h"
#include "temporal/samples/stage.h"
#include "temporal/testing/replayer.h"

using namespace std::chrono_literals;

inline constexpr temporal::WorkflowRef<int, std::string> kOrder{"Order"};
inline const temporal::Step<int, temporal::Nothing> kCharge{"Charge", temporal::ActivityOptions(10s)};
inline const temporal::Step<int, temporal::Nothing> kScreen{"Screen", temporal::ActivityOptions(10s)};

// The code as it was.
temporal::Task<std::string> Order(temporal::Context ctx, int amount) {
  co_await ctx.Execute(kCharge, amount);
  co_return "charged";
}

// First release: runs that have passed this point go on as before, all others screen.
temporal::Task<std::string> PatchedOrder(temporal::Context ctx, int amount) {
  if (ctx.Patched("screen")) co_await ctx.Execute(kScreen, amount);
  co_await ctx.Execute(kCharge, amount);
  co_return "charged";
}

// Second release, once no run from before the first one is left.
temporal::Task<std::string> DeprecatedOrder(temporal::Context ctx, int amount) {
  ctx.DeprecatePatch("screen");
  co_await ctx.Execute(kScreen, amount);
  co_await ctx.Execute(kCharge, amount);
  co_return "charged";
}

// Third release, once no run with the first one's marker is left.
temporal::Task<std::string> FinalOrder(temporal::Context ctx, int amount) {
  co_await ctx.Execute(kScreen, amount);
  co_await ctx.Execute(kCharge, amount);
  co_return "charged";
}

using Code = temporal::Task<std::string> (*)(temporal::Context, int);

temporal::WorkflowRegistry With(Code code) {
  temporal::WorkflowRegistry workflows;
  workflows.AddFunction(kOrder, code);
  return workflows;
}

// Whether the code may take over what the history is of.
bool Replays(Code code, const temporal::api::history::v1::History& history) {
  const temporal::WorkflowRegistry workflows = With(code);
  return temporal::testing::Replayer(workflows).Replay(history).ok();
}

int main(int argc, char** argv) {
  temporal::ActivityRegistry activities;
  activities.Add(kCharge, [](temporal::ActivityContext&, int) { return absl::OkStatus(); });
  activities.Add(kScreen, [](temporal::ActivityContext&, int) { return absl::OkStatus(); });

  return samples::Main(argc, argv, With(PatchedOrder), activities, [](samples::Stage& stage) {
    const std::string id = stage.Start(kOrder, 5);
    stage.Expect(stage.client().GetResult(kOrder, id, 60s).ok(), "an order");
    const auto patched = stage.Value(stage.client().History(id));
    stage.Expect(Replays(PatchedOrder, patched), "the code that wrote it");
    stage.Expect(Replays(DeprecatedOrder, patched), "the second release takes over runs of the first");
    stage.Expect(!Replays(FinalOrder, patched), "the third does not: their marker is still there");
    stage.Expect(!Replays(Order, patched), "nor does the old code");
  });
}
