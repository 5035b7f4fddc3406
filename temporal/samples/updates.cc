// Updates: asked for, checked before they are accepted, carried out, answered.
#include "temporal/samples/stage.h"

using namespace std::chrono_literals;

inline constexpr temporal::WorkflowRef<int, int> kAccount{"Account"};
inline constexpr temporal::UpdateRef<int, int> kWithdraw{"withdraw"};
inline constexpr temporal::SignalRef<temporal::Nothing> kClose{"close"};
inline const temporal::Step<int, temporal::Nothing> kPay{"Pay", temporal::ActivityOptions(10s)};

struct Account {
  static constexpr int kLimit = 100;
  explicit Account(temporal::Context c) : ctx(c) {}

  temporal::Task<int> Run(int deposit) {
    co_await ctx.Until([this] { return closed && ctx.AllHandlersFinished(); });
    co_return deposit - withdrawn;
  }
  // Looks only. What it throws rejects the update, which then leaves no trace.
  void CheckWithdraw(int amount) const {
    if (withdrawn + amount > kLimit) throw temporal::ApplicationFailure("above the limit", "FAILED_PRECONDITION");
  }
  temporal::Task<int> Withdraw(int amount) {
    withdrawn += amount;  // before the first await: the next check sees it
    co_await ctx.Execute(kPay, amount);
    co_return withdrawn;
  }
  void Close() { closed = true; }

  temporal::Context ctx;
  int withdrawn = 0;  // set here, not in Run: handlers may run before Run does
  bool closed = false;
};

int main(int argc, char** argv) {
  temporal::WorkflowRegistry workflows;
  workflows.Add<Account>(kAccount)
      .Update(kWithdraw, &Account::Withdraw, &Account::CheckWithdraw)
      .Signal("close", &Account::Close);
  temporal::ActivityRegistry activities;
  activities.Add(kPay, [](temporal::ActivityContext&, int) { return absl::OkStatus(); });

  return samples::Main(argc, argv, workflows, activities, [](samples::Stage& stage) {
    const std::string id = stage.Start(kAccount, 1000);
    const auto withdrawn = stage.client().ExecuteUpdate(id, kWithdraw, 30, temporal::UpdateOptions(60s));
    stage.Expect(withdrawn.ok() && *withdrawn == 30, withdrawn.status().ToString());

    const auto refused = stage.client().ExecuteUpdate(id, kWithdraw, 500, temporal::UpdateOptions(60s));
    stage.Expect(refused.status().code() == absl::StatusCode::kFailedPrecondition, refused.status().ToString());

    stage.Expect(stage.client().Signal(id, kClose, temporal::Nothing()).ok(), "the signal");
    stage.Expect(stage.client().GetResult(kAccount, id, 60s).value_or(-1) == 970, "the balance");
  });
}
