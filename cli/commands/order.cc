#include "cli/commands/order.h"

#include <algorithm>

#include "cli/commands/support.h"
#include "cli/core/interrupt.h"
#include "cli/render/live.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kHeartbeat{60};
constexpr milliseconds kShortestPause{200};
constexpr milliseconds kLongestPause{2'000};

// A line that says that the wait goes on: drawn over on a terminal, once a minute elsewhere.
class Waiting {
 public:
  Waiting(Invocation& run, std::string what)
      : run_(run), what_(std::move(what)), block_(run.world().err, run.world().err_terminal) {}

  void OnTick() {
    const auto elapsed = std::chrono::duration_cast<milliseconds>(Clock::now() - begin_);
    const std::string line = what_ + "  running  " + FormatDuration(elapsed);
    if (run_.world().err_terminal.is_tty) {
      block_.Draw(Printable(line));
    } else if (Clock::now() - told_ >= kHeartbeat) {
      told_ = Clock::now();
      run_.Progress(line);
    }
  }

 private:
  Invocation& run_;
  const std::string what_;
  LiveBlock block_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point told_ = begin_;
};

}  // namespace

milliseconds WaitFlags::Check(const Invocation& run) const {
  CheckTimeoutIsUsed(run, timeout_option, wait, "--wait");
  return DurationOf("--timeout", timeout);
}

void AddWaitFlags(CLI::App& command, WaitFlags& flags, const std::string& until) {
  command.add_flag("--wait,!--no-wait", flags.wait,
                   "Wait until " + until + "; the exit code tells the outcome (default: do not wait)");
  flags.timeout_option =
      command.add_option("--timeout", flags.timeout, "With --wait: at most this long (0: no limit); then exit with 8")
          ->type_name("DURATION")
          ->capture_default_str();
}

void CheckTimeoutIsUsed(const Invocation& run, const CLI::Option* timeout, bool waits, std::string_view needed) {
  // A variable is for all commands: there it may be of no use to this one.
  const bool is_typed = timeout->count() > 0 && !run.HasVariable("timeout");
  if (is_typed && !waits) throw UsageError("--timeout bounds nothing without " + std::string(needed));
}

void SayAccepted(Invocation& run, std::string_view order, const Json& accepted, std::string_view next) {
  run.Progress("accepted: " + std::string(order) + " (operation " + TextAt(accepted, "operation_id") + ")");
  if (!next.empty()) run.Progress("next: " + std::string(next));
}

std::string FollowOperation(std::string_view operation) {
  return "gpuaas operations get " + std::string(operation) + " --watch";
}

Json WaitForOperation(Invocation& run, const std::string& operation, milliseconds timeout) {
  const std::string path = "/api/v1/operations/" + platform::PercentEncode(operation);
  const InterruptNotice notice("detached: " + operation + " continues\nresume: " + FollowOperation(operation) + "\n");
  const Clock::time_point deadline = Clock::now() + timeout;
  Waiting waiting(run, operation);
  for (milliseconds pause = kShortestPause;; pause = std::min(pause * 3 / 2, kLongestPause)) {
    Json found;
    try {
      found = run.session().Get(path);
    } catch (const CliError& error) {
      if (error.exit != ExitCode::kUnavailable) throw;  // an outage passes: the operation goes on without us
    }
    const std::string state = TextAt(found, "state");
    if (state == "succeeded") return found;
    if (state == "failed") {
      throw WaitFailed(TextAt(found, "kind") + " of " + TextAt(found, "resource_id") + " failed", state,
                       At(found, "error"), {});
    }
    if (timeout.count() > 0 && Clock::now() >= deadline) {
      throw StillPending(operation + " is still running; it continues", FollowOperation(operation));
    }
    waiting.OnTick();
    run.world().pause(pause);
  }
}

CliError WaitFailed(const std::string& message, const std::string& state, const Json& cause, const std::string& next) {
  const std::string code = TextAt(cause, "code"), why = TextAt(cause, "message");
  CliError error(ErrorCode::kInternal, message + (why.empty() ? "" : ": " + why), next);
  error.details = {{"state", state}};
  if (!code.empty()) error.details["cause"] = code;
  const bool is_not_placed = ExitOf(code) == ExitCode::kNotPlaced;
  return is_not_placed ? error.As(code, ExitCode::kNotPlaced) : error.As(kWaitFailed, ExitCode::kFailed);
}

CliError StillPending(const std::string& message, const std::string& next) {
  return CliError(ErrorCode::kDeadlineExceeded, message, next).As(kStillPending, ExitCode::kPending);
}

}  // namespace gpuaas::cli
