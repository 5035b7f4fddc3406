#include "temporal/client/schedule_proto.h"

#include "temporal/client/requests.h"

namespace temporal::client_internal {

namespace wire = api::schedule::v1;
namespace enums = api::enums::v1;

namespace {

void Fill(const std::vector<ScheduleRange>& ranges, google::protobuf::RepeatedPtrField<wire::Range>& proto) {
  for (const ScheduleRange& range : ranges) {
    wire::Range& each = *proto.Add();
    each.set_start(range.start);
    each.set_end(range.end);
    each.set_step(range.step);
  }
}

std::vector<ScheduleRange> ToRanges(const google::protobuf::RepeatedPtrField<wire::Range>& proto) {
  std::vector<ScheduleRange> ranges;
  for (const wire::Range& each : proto) {
    // An end before the start, and no step, are how the wire leaves them out.
    ranges.emplace_back(each.start(), std::max(each.start(), each.end()), std::max(1, each.step()));
  }
  return ranges;
}

wire::StructuredCalendarSpec ToProto(const ScheduleCalendarSpec& calendar) {
  wire::StructuredCalendarSpec proto;
  Fill(calendar.second, *proto.mutable_second());
  Fill(calendar.minute, *proto.mutable_minute());
  Fill(calendar.hour, *proto.mutable_hour());
  Fill(calendar.day_of_month, *proto.mutable_day_of_month());
  Fill(calendar.month, *proto.mutable_month());
  Fill(calendar.year, *proto.mutable_year());
  Fill(calendar.day_of_week, *proto.mutable_day_of_week());
  proto.set_comment(calendar.comment);
  return proto;
}

ScheduleCalendarSpec ToCalendar(const wire::StructuredCalendarSpec& proto) {
  ScheduleCalendarSpec calendar;
  calendar.second = ToRanges(proto.second());
  calendar.minute = ToRanges(proto.minute());
  calendar.hour = ToRanges(proto.hour());
  calendar.day_of_month = ToRanges(proto.day_of_month());
  calendar.month = ToRanges(proto.month());
  calendar.year = ToRanges(proto.year());
  calendar.day_of_week = ToRanges(proto.day_of_week());
  calendar.comment = proto.comment();
  return calendar;
}

void Fill(const ScheduleSpec& spec, wire::ScheduleSpec& proto) {
  proto.clear_structured_calendar();
  for (const ScheduleCalendarSpec& each : spec.calendars) *proto.add_structured_calendar() = ToProto(each);
  proto.clear_interval();
  for (const ScheduleIntervalSpec& each : spec.intervals) {
    wire::IntervalSpec& interval = *proto.add_interval();
    *interval.mutable_interval() = temporal::ToProto(each.every);
    *interval.mutable_phase() = temporal::ToProto(each.offset);
  }
  proto.clear_cron_string();
  for (const std::string& each : spec.cron_expressions) proto.add_cron_string(each);
  proto.clear_exclude_structured_calendar();
  for (const ScheduleCalendarSpec& each : spec.skip) *proto.add_exclude_structured_calendar() = ToProto(each);
  proto.clear_start_time();
  if (spec.start_at) *proto.mutable_start_time() = temporal::ToProto(*spec.start_at);
  proto.clear_end_time();
  if (spec.end_at) *proto.mutable_end_time() = temporal::ToProto(*spec.end_at);
  *proto.mutable_jitter() = temporal::ToProto(spec.jitter);
  if (proto.timezone_name() != spec.time_zone_name) proto.clear_timezone_data();
  proto.set_timezone_name(spec.time_zone_name);
}

ScheduleSpec ToSpec(const wire::ScheduleSpec& proto) {
  ScheduleSpec spec;
  for (const auto& each : proto.structured_calendar()) spec.calendars.push_back(ToCalendar(each));
  for (const auto& each : proto.interval()) {
    spec.intervals.emplace_back(FromProto(each.interval()), FromProto(each.phase()));
  }
  spec.cron_expressions.assign(proto.cron_string().begin(), proto.cron_string().end());
  for (const auto& each : proto.exclude_structured_calendar()) spec.skip.push_back(ToCalendar(each));
  if (proto.has_start_time()) spec.start_at = FromProto(proto.start_time());
  if (proto.has_end_time()) spec.end_at = FromProto(proto.end_time());
  spec.jitter = FromProto(proto.jitter());
  spec.time_zone_name = proto.timezone_name();
  return spec;
}

using NewWorkflow = api::workflow::v1::NewWorkflowExecutionInfo;

void Fill(const ScheduleWorkflowAction& action, NewWorkflow& proto) {
  NewWorkflow fresh;
  FillWorkflow(fresh, action.workflow_type, action.input, action.options);
  // What ScheduleWorkflowAction does not know.
  if (proto.has_versioning_override() && !FromProto(proto.versioning_override())) {
    *fresh.mutable_versioning_override() = proto.versioning_override();
  }
  if (proto.has_priority()) *fresh.mutable_priority() = proto.priority();
  fresh.set_workflow_id_reuse_policy(proto.workflow_id_reuse_policy());
  proto = std::move(fresh);
}

ScheduleWorkflowAction ToAction(const NewWorkflow& proto) {
  ScheduleWorkflowAction action;
  action.workflow_type = proto.workflow_type().name();
  action.input = proto.input();
  StartOptions& options = action.options;
  options.id = proto.workflow_id();
  options.task_queue = proto.task_queue().name();
  options.execution_timeout = FromProto(proto.workflow_execution_timeout());
  options.run_timeout = FromProto(proto.workflow_run_timeout());
  options.task_timeout = FromProto(proto.workflow_task_timeout());
  if (proto.has_retry_policy()) options.retry_policy = FromProto(proto.retry_policy());
  options.memo = ToMap(proto.memo().fields());
  options.search_attributes = ToMap(proto.search_attributes().indexed_fields());
  options.headers = ToMap(proto.header().fields());
  if (proto.has_versioning_override()) options.versioning_override = FromProto(proto.versioning_override());
  if (proto.user_metadata().has_summary()) options.summary = ToText(proto.user_metadata().summary());
  if (proto.user_metadata().has_details()) options.details = ToText(proto.user_metadata().details());
  return action;
}

Execution ToExecution(const api::common::v1::WorkflowExecution& proto) {
  return Execution(proto.workflow_id(), proto.run_id());
}

std::vector<ScheduleActionResult> ToResults(const google::protobuf::RepeatedPtrField<wire::ScheduleActionResult>& all) {
  std::vector<ScheduleActionResult> results;
  for (const auto& proto : all) {
    ScheduleActionResult& result = results.emplace_back();
    result.scheduled_at = FromProto(proto.schedule_time());
    result.actual_at = FromProto(proto.actual_time());
    result.execution = ToExecution(proto.start_workflow_result());
    result.status = ToStatus(proto.start_workflow_status());
  }
  return results;
}

std::vector<Time> ToTimes(const google::protobuf::RepeatedPtrField<google::protobuf::Timestamp>& proto) {
  std::vector<Time> times;
  for (const auto& each : proto) times.push_back(FromProto(each));
  return times;
}

}  // namespace

void Fill(const Schedule& schedule, wire::Schedule& proto) {
  Fill(schedule.spec, *proto.mutable_spec());
  Fill(schedule.action, *proto.mutable_action()->mutable_start_workflow());
  auto& policies = *proto.mutable_policies();
  policies.set_overlap_policy(static_cast<enums::ScheduleOverlapPolicy>(schedule.overlap));
  policies.clear_catchup_window();
  if (schedule.catchup_window > Duration(0)) {
    *policies.mutable_catchup_window() = temporal::ToProto(schedule.catchup_window);
  }
  policies.set_pause_on_failure(schedule.pause_on_failure);
  auto& state = *proto.mutable_state();
  state.set_notes(schedule.note);
  state.set_paused(schedule.paused);
  state.set_limited_actions(schedule.remaining_actions.has_value());
  state.set_remaining_actions(schedule.remaining_actions.value_or(0));
}

Schedule ToSchedule(const wire::Schedule& proto) {
  Schedule schedule(ToAction(proto.action().start_workflow()), ToSpec(proto.spec()));
  schedule.overlap = static_cast<ScheduleOverlapPolicy>(proto.policies().overlap_policy());
  schedule.catchup_window = FromProto(proto.policies().catchup_window());
  schedule.pause_on_failure = proto.policies().pause_on_failure();
  schedule.note = proto.state().notes();
  schedule.paused = proto.state().paused();
  if (proto.state().limited_actions()) schedule.remaining_actions = proto.state().remaining_actions();
  return schedule;
}

ScheduleInfo ToInfo(const wire::ScheduleInfo& proto) {
  ScheduleInfo info;
  info.num_actions = proto.action_count();
  info.num_actions_missed_catchup_window = proto.missed_catchup_window();
  info.num_actions_skipped_overlap = proto.overlap_skipped();
  for (const auto& each : proto.running_workflows()) info.running_workflows.push_back(ToExecution(each));
  info.recent_actions = ToResults(proto.recent_actions());
  info.next_action_times = ToTimes(proto.future_action_times());
  info.created_at = FromProto(proto.create_time());
  if (proto.has_update_time()) info.last_updated_at = FromProto(proto.update_time());
  return info;
}

ScheduleListEntry ToEntry(const wire::ScheduleListEntry& proto) {
  ScheduleListEntry entry;
  entry.id = proto.schedule_id();
  entry.spec = ToSpec(proto.info().spec());
  entry.workflow_type = proto.info().workflow_type().name();
  entry.note = proto.info().notes();
  entry.paused = proto.info().paused();
  entry.recent_actions = ToResults(proto.info().recent_actions());
  entry.next_action_times = ToTimes(proto.info().future_action_times());
  entry.memo = ToMap(proto.memo().fields());
  entry.search_attributes = ToMap(proto.search_attributes().indexed_fields());
  return entry;
}

wire::SchedulePatch ToPatch(const std::vector<ScheduleBackfill>& backfill) {
  wire::SchedulePatch patch;
  for (const ScheduleBackfill& each : backfill) {
    wire::BackfillRequest& request = *patch.add_backfill_request();
    *request.mutable_start_time() = temporal::ToProto(each.start);
    *request.mutable_end_time() = temporal::ToProto(each.end);
    request.set_overlap_policy(static_cast<enums::ScheduleOverlapPolicy>(each.overlap));
  }
  return patch;
}

}  // namespace temporal::client_internal
