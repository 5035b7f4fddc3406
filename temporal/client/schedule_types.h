#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "temporal/client/types.h"
#include "temporal/common/refs.h"
#include "temporal/common/time.h"

// What schedules are made of. Names and defaults are those of the Go SDK.
namespace temporal {

// What happens if an action is due while the one before still runs. The numbers are the wire's.
enum class ScheduleOverlapPolicy {
  kUnspecified = 0,  // the schedule's own; of a schedule: kSkip
  kSkip = 1,
  kBufferOne = 2,  // one waits for the end of the one that runs, further ones are skipped
  kBufferAll = 3,
  kCancelOther = 4,  // cancels the one that runs, waits for its end
  kTerminateOther = 5,
  kAllowAll = 6,
};

// `start`, `start + step`... up to and with `end`.
struct ScheduleRange {
  ScheduleRange(int only) : start(only), end(only) {}  // NOLINT: a number is the range of itself
  ScheduleRange(int first, int last, int each = 1) : start(first), end(last), step(each) {}

  int start;
  int end;
  int step = 1;
  friend bool operator==(const ScheduleRange&, const ScheduleRange&) = default;
};

// Times whose every part is in one of the ranges. As it is: each day at midnight.
struct ScheduleCalendarSpec {
  ScheduleCalendarSpec() {}

  std::vector<ScheduleRange> second = {0};
  std::vector<ScheduleRange> minute = {0};
  std::vector<ScheduleRange> hour = {0};
  std::vector<ScheduleRange> day_of_month = {{1, 31}};
  std::vector<ScheduleRange> month = {{1, 12}};
  std::vector<ScheduleRange> year;                    // empty: every
  std::vector<ScheduleRange> day_of_week = {{0, 6}};  // 0 is Sunday
  std::string comment;
};

// Every `every` since 1970, shifted by `offset`.
struct ScheduleIntervalSpec {
  explicit ScheduleIntervalSpec(Duration interval, Duration shift = Duration(0)) : every(interval), offset(shift) {}

  Duration every;
  Duration offset;
};

// When: all times of calendars, intervals and cron expressions, but those of `skip`.
struct ScheduleSpec {
  ScheduleSpec() {}

  std::vector<ScheduleCalendarSpec> calendars;
  std::vector<ScheduleIntervalSpec> intervals;
  // "30 2 * * 1-5" (five, six or seven fields), "@daily", "@every 90m". The server turns them into calendars and
  // intervals, and so they come back.
  std::vector<std::string> cron_expressions;
  std::vector<ScheduleCalendarSpec> skip;
  std::optional<Time> start_at;
  std::optional<Time> end_at;
  Duration jitter{0};          // each time is later by a random part of this
  std::string time_zone_name;  // of calendars and cron expressions, "Europe/Berlin"; empty: UTC
};

// What: a workflow that is started. The time is appended to its id.
struct ScheduleWorkflowAction {
  std::string workflow_type;
  Payloads input;
  // Id, task queue, timeouts, retry policy, memo, search attributes, headers, summary and details count.
  StartOptions options;
};

// The typed form. kInvalidArgument: no id, no task queue, or an option that schedules cannot keep.
absl::StatusOr<ScheduleWorkflowAction> CheckedAction(ScheduleWorkflowAction action);
template <class Request, class Result>
absl::StatusOr<ScheduleWorkflowAction> StartWorkflowAction(const WorkflowRef<Request, Result>& workflow,
                                                           const std::type_identity_t<Request>& request,
                                                           const StartOptions& options) {
  auto input = ToPayloads(request);
  if (!input.ok()) return input.status();
  return CheckedAction({std::string(workflow.name), *std::move(input), options});
}

struct Schedule {
  Schedule() {}
  Schedule(ScheduleWorkflowAction what, ScheduleSpec when) : action(std::move(what)), spec(std::move(when)) {}

  ScheduleWorkflowAction action;
  ScheduleSpec spec;
  ScheduleOverlapPolicy overlap = ScheduleOverlapPolicy::kUnspecified;
  Duration catchup_window{0};     // what a server that was down makes up for; 0: a year
  bool pause_on_failure = false;  // an action that fails or times out pauses the schedule
  std::string note;
  bool paused = false;
  std::optional<int64_t> remaining_actions;  // none: without end
};

// Actions for times of the past, or of the future, as if it were then.
struct ScheduleBackfill {
  ScheduleBackfill(Time from, Time to, ScheduleOverlapPolicy policy = ScheduleOverlapPolicy::kUnspecified)
      : start(from), end(to), overlap(policy) {}

  Time start;
  Time end;
  ScheduleOverlapPolicy overlap;
};

// What a new schedule does at once, and carries.
struct CreateScheduleOptions {
  CreateScheduleOptions() {}

  bool trigger_immediately = false;
  std::vector<ScheduleBackfill> backfill;
  std::map<std::string, Payload> memo;
  std::map<std::string, Payload> search_attributes;
};

struct ScheduleActionResult {
  Time scheduled_at;
  Time actual_at;
  Execution execution;  // its first run
  WorkflowStatus status = WorkflowStatus::kUnspecified;
};

struct ScheduleInfo {
  int64_t num_actions = 0;
  int64_t num_actions_missed_catchup_window = 0;
  int64_t num_actions_skipped_overlap = 0;
  std::vector<Execution> running_workflows;
  std::vector<ScheduleActionResult> recent_actions;  // oldest first
  std::vector<Time> next_action_times;
  Time created_at;
  std::optional<Time> last_updated_at;
};

struct ScheduleDescription {
  Schedule schedule;
  ScheduleInfo info;
  std::map<std::string, Payload> memo;
  std::map<std::string, Payload> search_attributes;
};

struct ScheduleListEntry {
  std::string id;
  ScheduleSpec spec;
  std::string workflow_type;
  std::string note;
  bool paused = false;
  std::vector<ScheduleActionResult> recent_actions;
  std::vector<Time> next_action_times;
  std::map<std::string, Payload> memo;
  std::map<std::string, Payload> search_attributes;
};

struct ScheduleListPage {
  std::vector<ScheduleListEntry> schedules;
  std::string next_page_token;  // empty: the last page
};

}  // namespace temporal
