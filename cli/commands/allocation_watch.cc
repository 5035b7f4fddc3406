#include "cli/commands/allocation_watch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "cli/commands/event_feed.h"
#include "cli/core/interrupt.h"
#include "cli/core/resolve.h"
#include "cli/render/history.h"
#include "cli/render/live.h"
#include "cli/render/text.h"

namespace gpuaas::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr seconds kHeartbeat{60};
constexpr seconds kRecheck{15};  // how often a state is asked for although the stream is open

bool IsFinal(std::string_view state) { return state == "released" || state == "failed"; }

// What a watch shows while it runs.
class View {
 public:
  View(Invocation& run, const std::string& id, const WatchOptions& options)
      : run_(run),
        id_(id),
        options_(options),
        block_(run.world().err, run.world().err_terminal),
        shows_steps_(run.world().err_terminal.is_tty &&
                     (!options.stream_to_stdout || run.world().out_terminal.is_tty)) {}

  void OnEvent(const Json& event) {
    if (const std::string state = TextAt(event, "data.state"); !state.empty()) state_told_ = state;
    if (shows_steps_ && run_.output().IsTable()) return;
    block_.Clear();
    if (options_.stream_to_stdout && (run_.output().IsTable() || run_.output().options().format == Format::kJsonl)) {
      run_.output().StreamLine(event, EventLine(event));
    } else {
      std::string line = EventLine(event);
      line.pop_back();
      run_.Progress(line);
    }
    last_line_ = Clock::now();
  }

  // A change of state that no event told, because the stream is down.
  void OnState(const Json& allocation) {
    const std::string state = TextAt(allocation, "state");
    if (state == state_told_) return;
    OnEvent({{"sequence", nullptr},
             {"type", "allocation." + state},
             {"resource", id_},
             {"at", At(allocation, "updated_at")},
             {"data", {{"state", state}}}});
  }

  void OnTick(const Json& allocation) {
    const auto elapsed = std::chrono::duration_cast<milliseconds>(Clock::now() - begin_);
    const std::string state = TextAt(allocation, "state");
    if (shows_steps_) {
      DrawSteps(state, elapsed);
    } else if (Clock::now() - last_line_ >= kHeartbeat) {
      last_line_ = Clock::now();
      run_.Progress(FormatTime(run_.Now()) + "  still " + state + " after " + FormatDuration(elapsed));
    }
  }

  bool HasTold(std::string_view state) const { return state == state_told_; }

  void Finish() {
    if (shows_steps_) DrawSteps({}, milliseconds(0));
    block_.Clear();
  }

 private:
  std::ostream& Permanent() {
    const bool is_data = options_.stream_to_stdout && run_.output().IsTable();
    return is_data ? run_.world().out : run_.world().err;
  }

  // Finished steps become lines that stay; the rest is the block. Drawn from the history, because failed attempts are
  // not events.
  void DrawSteps(const std::string& state, milliseconds elapsed) {
    Json history;
    try {
      history = run_.session().Get(PathOf(kAllocation, id_, "history"));
    } catch (const CliError&) {  // shown again as soon as it can be had
    }
    const Terminal& terminal = run_.world().err_terminal;
    std::vector<StepRow> finished, current;
    StepCounter counter;
    std::size_t index = 0;
    for (const Json& step : At(history, "steps")) {
      const std::size_t number = counter.Next(step);
      ++index;
      if (IsOver(step) && !shown_.insert(index).second) continue;
      if (!IsOver(step) && TextAt(step, "kind") != "activity") continue;  // a wait, not work
      for (StepRow& row : StepRows(step, number, terminal, run_.Now())) {
        (IsOver(step) ? finished : current).push_back(std::move(row));
      }
    }
    if (!finished.empty()) {
      block_.Clear();
      Permanent() << StepTable(finished, /*headers=*/false, terminal) << std::flush;
    }
    if (state.empty()) return;
    const bool is_empty = At(history, "steps").empty() && history.is_object();
    block_.Draw(StepTable(current, /*headers=*/false, Terminal{}) + Printable(id_) + "  " + state + "  " +
                FormatDuration(elapsed) + (is_empty ? "  " + WhyEmpty(history) : ""));
  }

  Invocation& run_;
  const std::string id_;
  const WatchOptions options_;
  LiveBlock block_;
  const bool shows_steps_;
  std::set<std::size_t> shown_;
  std::string state_told_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point last_line_ = begin_;
};

std::string DetachNotice(const std::string& id, const WatchOptions& options) {
  return "detached: " + id + " continues\nresume: gpuaas allocations get " + id + " --watch" +
         (options.until.empty() ? "" : " --until " + options.until) + "\ncancel: gpuaas allocations release " + id +
         "\n";
}

}  // namespace

bool IsSettled(std::string_view state, std::string_view until) {
  if (IsFinal(state) || state == until) return true;
  return until.empty() ? state == "active" : until == "active" && state == "releasing";
}

std::string EventLine(const Json& event) {
  std::string detail = TextAt(event, "data.state");
  for (const char* more : {"data.node", "data.reason", "data.error.message"}) {
    if (const std::string text = TextAt(event, more); !text.empty()) detail += (detail.empty() ? "" : "  ") + text;
  }
  const std::string sequence = TextAt(event, "sequence");
  return Printable(TextAt(event, "at") + "  " + (sequence.empty() ? "-" : sequence) + "  " + TextAt(event, "type") +
                   "  " + detail) +
         "\n";
}

ExitCode ExitOfWait(const WatchResult& result, std::string_view wanted) {
  if (result.timed_out) return ExitCode::kPending;
  const std::string state = TextAt(result.allocation, "state");
  if (state == wanted || (wanted.empty() && state != "failed")) return ExitCode::kDone;
  return ExitOf(TextAt(result.allocation, "error.code")) == ExitCode::kNotPlaced ? ExitCode::kNotPlaced
                                                                                 : ExitCode::kFailed;
}

WatchResult WatchAllocation(Invocation& run, const std::string& id, const WatchOptions& options) {
  const Session& session = run.session();
  const std::string path = PathOf(kAllocation, id);
  const InterruptNotice notice(DetachNotice(id, options));
  WatchResult result{session.Get(path)};
  const auto state = [&] { return TextAt(result.allocation, "state"); };
  if (options.after.empty() && IsSettled(state(), options.until)) return result;

  View view(run, id, options);
  EventFeed feed(session, path + "/events", options.after);
  const auto take = [&](const ServerEvent& event) {
    const Json data = ParseJson(event.data);
    if (!data.is_object()) return;
    if (event.type == "snapshot") {
      result.allocation = data;
    } else {
      result.last_sequence = event.id;
      view.OnEvent(data);
    }
  };
  const Clock::time_point deadline = Clock::now() + options.timeout;
  Clock::time_point asked = Clock::now();
  view.OnTick(result.allocation);
  while (true) {
    bool has_news = false;
    for (auto event = feed.Next(options.tick); event; event = feed.Next(milliseconds(0))) {
      has_news = has_news || event->type != "snapshot";
      take(*event);
    }
    if (has_news || !feed.IsConnected() || Clock::now() - asked >= kRecheck) {
      asked = Clock::now();
      try {
        result.allocation = session.Get(path);
        if (!feed.IsConnected()) view.OnState(result.allocation);
      } catch (const CliError& error) {
        if (error.exit != ExitCode::kUnavailable) throw;  // an outage passes: the allocation goes on without us
      }
    }
    if (IsSettled(state(), options.until)) break;
    if (options.timeout.count() > 0 && Clock::now() >= deadline) {
      result.timed_out = true;
      return result;
    }
    view.OnTick(result.allocation);
  }
  // The state may be known a moment before its event: let the lines be complete.
  while (!view.HasTold(state())) {
    const auto event = feed.Next(milliseconds(500));
    if (!event) break;
    take(*event);
  }
  view.Finish();
  return result;
}

}  // namespace gpuaas::cli
