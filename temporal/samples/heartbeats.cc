// A long activity that says how far it is: a later attempt goes on from there, and it hears of its cancellation.
#include "temporal/samples/stage.h"

using namespace std::chrono_literals;

inline constexpr int kPages = 10;
inline const temporal::Step<std::string, int> kCopy{
    "Copy", temporal::ActivityOptions(10min).WithHeartbeat(30s).WithRetry(
                temporal::RetryPolicy().WithMaximumAttempts(3).WithInitialInterval(100ms))};
inline constexpr temporal::WorkflowRef<std::string, int> kBackup{"Backup"};

// The number of pages that this attempt copied.
absl::StatusOr<int> Copy(temporal::ActivityContext& context, std::string folder) {
  const auto before = context.LastHeartbeat<int>();
  if (!before.ok()) return before.status();
  const int first = before->value_or(0);
  for (int page = first; page < kPages; ++page) {
    if (context.cancelled()) return context.Cancelled();
    if (page == 4 && context.info().attempt == 1) return absl::UnavailableError("the disk is busy");
    if (absl::Status status = context.Heartbeat(page + 1); !status.ok()) return status;
  }
  return kPages - first;
}

temporal::Task<int> Backup(temporal::Context ctx, std::string folder) { co_return co_await ctx.Execute(kCopy, folder); }

int main(int argc, char** argv) {
  temporal::WorkflowRegistry workflows;
  workflows.AddFunction(kBackup, Backup);
  temporal::ActivityRegistry activities;
  activities.Add(kCopy, Copy);

  return samples::Main(argc, argv, workflows, activities, [](samples::Stage& stage) {
    const auto copied = stage.Run(kBackup, "photos");
    stage.Expect(copied.ok() && *copied == 6, copied.status().ToString());
  });
}
