#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "temporal/core/machines/local_activity_host.h"
#include "tests/unit/temporal/core/harness.h"

namespace temporal::core {

// Runs local activities in the order that a test says.
class ScriptedHost : public LocalActivityHost {
 public:
  // The local activities that end together; empty: the time of the task is over first. Those that do not run (any more)
  // are passed over. Behind the script, everything that runs ends at once, in the order of its start.
  std::deque<std::vector<uint32_t>> script;
  // What one of them comes to. By default: its type and number.
  std::function<LocalActivityResult(const LocalActivityCall&)> ends;

  std::vector<LocalActivityCall> started;
  std::vector<uint32_t> cancelled;
  std::vector<Instant> waited_until;
  int open_runs = 0;
  bool stop = false;
  Instant now{std::chrono::hours(1)};

  std::unique_ptr<LocalActivityRun> Open(const WorkflowInfo& info) override;
  Instant Now() const override { return now; }
  bool stopping() const override { return stop; }

 private:
  class Run;
};

// A result, as of LocalActivityResult.
LocalActivityResult Ended(const LocalActivityCall& call, const std::string& text);
LocalActivityResult EndedBadly(const LocalActivityCall& call, FailureMessage failure);

// A workflow that really runs, task by task, on an engine of its own, and what the server would write down of it.
class LiveRun {
 public:
  explicit LiveRun(const WorkflowRegistry& registry, size_t cache = 1000);

  // The next task: everything added to history() meanwhile comes with it. Its answer is written down.
  Completed Task();
  // Tasks until the run is closed; its result.
  std::string ToTheEnd();
  // Another worker goes on: nothing is in memory.
  void MoveToAnotherWorker();

  // The next task comes to the same worker, but with the whole history.
  void ForgetSticky() { next_ = 1; }

  // The history has to replay, whole and up to each of its tasks. Nothing is run.
  void ExpectReplay() const;

  HistoryBuilder history{"main"};
  ScriptedHost host;

 private:
  const WorkflowRegistry& registry_;
  WorkflowTaskHandlerOptions options_;
  std::unique_ptr<WorkflowTaskHandler> handler_;
  int64_t next_ = 1;  // event with which the next task begins
};

}  // namespace temporal::core
