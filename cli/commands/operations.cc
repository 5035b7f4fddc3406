#include <memory>
#include <string>

#include "cli/commands/groups.h"
#include "cli/commands/order.h"
#include "cli/commands/support.h"

namespace gpuaas::cli {
namespace {

const Columns kOperation = {{"id", "id"},
                            {"kind", "kind"},
                            {"resource", "resource_id"},
                            {"state", "state", Column::Kind::kState},
                            {"created_at", "created_at", Column::Kind::kTime},
                            {"ended_at", "ended_at", Column::Kind::kTime},
                            {"cause", "error.message"},
                            {"code", "error.code"},
                            {"requested_by", "requested_by", Column::Kind::kText, true},
                            {"workflow_id", "workflow_id", Column::Kind::kText, true},
                            {"correlation_id", "correlation_id", Column::Kind::kText, true}};

struct GetFlags {
  std::string id;
  bool watch = false;
  std::string timeout = "0";
  CLI::Option* timeout_option = nullptr;
};

ExitCode Get(Invocation& run, const GetFlags& flags) {
  CheckTimeoutIsUsed(run, flags.timeout_option, flags.watch, "--watch");
  const auto timeout = DurationOf("--timeout", flags.timeout);
  const auto show = [&] {
    run.output().Object(run.session().Get("/api/v1/operations/" + platform::PercentEncode(flags.id)), kOperation);
  };
  if (!flags.watch) {
    show();
    return ExitCode::kDone;
  }
  try {
    run.output().Object(WaitForOperation(run, flags.id, timeout), kOperation);
  } catch (const CliError& error) {
    if (error.code == kWaitFailed || error.exit == ExitCode::kNotPlaced || error.exit == ExitCode::kPending) show();
    throw;
  }
  return ExitCode::kDone;
}

}  // namespace

void AddOperations(CLI::App& root, Invocation& run) {
  CLI::App* operations = AddGroup(root, "operations", "What was ordered, and what came of it");
  auto flags = std::make_shared<GetFlags>();
  CLI::App* get =
      AddCommand(*operations, run, "get", "Show one operation; --watch waits for its end",
                 "  gpuaas operations get op_01J8... --watch --timeout 5m", [&run, flags] { return Get(run, *flags); });
  get->add_option("operation", flags->id, "Its id, as the answer to an order names it")
      ->required()
      ->type_name("OPERATION");
  get->add_flag("-w,--watch", flags->watch, "Wait until it has ended; the exit code tells the outcome");
  flags->timeout_option =
      get->add_option("--timeout", flags->timeout, "With --watch: at most this long (0: no limit); then exit with 8")
          ->type_name("DURATION");
}

}  // namespace gpuaas::cli
