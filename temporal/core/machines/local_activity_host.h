#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "temporal/common/local_activity_options.h"
#include "temporal/common/time.h"
#include "temporal/converter/payload.h"
#include "temporal/core/machines/jobs.h"
#include "temporal/workflow/info.h"

// The port to whoever runs the local activities of workflows.
namespace temporal::core {

// A local activity to run, with all attempts that its policy allows.
struct LocalActivityCall {
  uint32_t seq = 0;
  std::string activity_id;
  std::string activity_type;
  Payloads input;
  LocalActivityOptions options;
  int attempt = 1;              // the first to make: more than 1 if earlier ones ended with a back-off by timer
  Time original_schedule_time;  // of the very first attempt
  Duration waited{0};           // since then, by the workflow's clock
};

// How one ended, or that it has to wait longer than its options let it wait here.
struct LocalActivityResult {
  uint32_t seq = 0;
  Outcome outcome;  // the last attempt's; failures as they came, unwrapped
  int attempt = 1;
  Duration runtime{0};              // since it was started
  std::optional<Duration> backoff;  // set: to be tried again after so long
};

// The local activities of one run. Destroying it cancels them; nobody hears of their end any more. Its functions are
// called by one thread at a time.
class LocalActivityRun {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  virtual ~LocalActivityRun() = default;
  virtual void Start(LocalActivityCall call) = 0;
  // Asks it to stop; its result comes all the same.
  virtual void Cancel(uint32_t seq) = 0;
  // Waits until there are results, at most until the given time. None: that time has come, or the host is stopping.
  virtual std::vector<LocalActivityResult> Wait(Instant until) = 0;
};

class LocalActivityHost {
 public:
  using Instant = LocalActivityRun::Instant;
  virtual ~LocalActivityHost() = default;
  virtual std::unique_ptr<LocalActivityRun> Open(const WorkflowInfo& info) = 0;
  virtual Instant Now() const = 0;
  // What runs is given up; another worker may run it again.
  virtual bool stopping() const = 0;
};

}  // namespace temporal::core
