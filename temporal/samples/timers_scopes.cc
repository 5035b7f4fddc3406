// Waiting for whatever comes first, and cancelling what is no longer needed.
#include "temporal/samples/stage.h"

using namespace std::chrono_literals;

inline constexpr temporal::WorkflowRef<int, std::string> kApproval{"Approval"};  // seconds between reminders
inline constexpr temporal::SignalRef<std::string> kApprove{"approve"};

struct Approval {
  explicit Approval(temporal::Context c) : ctx(c), approve(c, kApprove) {}

  temporal::Task<std::string> Run(int seconds) {
    const temporal::CancellationScope reminding = ctx.NewScope();
    const auto reminders = ctx.Spawn(Remind(reminding.context(), std::chrono::seconds(seconds)));
    const auto first = co_await temporal::AnyOf(approve.Received(), ctx.Sleep(std::chrono::seconds(seconds) * 7 / 2));
    reminding.Cancel("decided");
    if (first.index() == 0) co_return "approved by " + std::get<0>(first);
    co_return "expired after " + std::to_string(reminded) + " reminders";
  }

  // Ends by the CancelledError that its sleep throws.
  temporal::Task<void> Remind(temporal::Context scope, std::chrono::seconds pause) {
    while (true) {
      co_await scope.Sleep(pause);
      ++reminded;
    }
  }

  temporal::Context ctx;
  temporal::SignalChannel<std::string> approve;
  int reminded = 0;
};

int main(int argc, char** argv) {
  temporal::WorkflowRegistry workflows;
  workflows.Add<Approval>(kApproval);

  return samples::Main(argc, argv, workflows, temporal::ActivityRegistry(), [](samples::Stage& stage) {
    const int pause = stage.real() ? 1 : 86'400;
    const auto expired = stage.Run(kApproval, pause);
    stage.Expect(expired.ok(), expired.status().ToString());
    // A busy server's timers may be late, so that one reminder fewer comes in time.
    stage.Expect(stage.real() || *expired == "expired after 3 reminders", *expired);

    const std::string id = "approval/" + stage.queue();
    const temporal::StartOptions options(id, stage.queue());
    const auto started = stage.client().SignalWithStart(kApproval, pause, kApprove, std::string("ada"), options);
    stage.Expect(started.ok(), started.status().ToString());
    stage.Expect(stage.client().GetResult(kApproval, id, 60s).value_or("") == "approved by ada", "an approval");
  });
}
