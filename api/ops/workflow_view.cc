#include "api/ops/workflow_view.h"

#include <utility>

#include "api/common/call.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;
using temporal::WorkflowStatus;

constexpr std::pair<const char*, const char*> kFilterNames[] = {
    {"running", "Running"},    {"completed", "Completed"},   {"failed", "Failed"},
    {"canceled", "Canceled"},  {"terminated", "Terminated"}, {"continued_as_new", "ContinuedAsNew"},
    {"timed_out", "TimedOut"},
};

std::string PendingStateName(const temporal::PendingActivity& activity) {
  if (activity.paused) return "paused";
  if (activity.next_attempt_at) return "retrying";
  return activity.state == temporal::PendingActivityState::kStarted ? "running" : "scheduled";
}

Json PendingJson(const temporal::PendingActivity& activity) {
  Json error = nullptr;
  if (!activity.last_failure_message.empty()) {
    error = {{"code", activity.last_failure_type.empty() ? "internal" : activity.last_failure_type},
             {"message", activity.last_failure_message}};
  }
  return {{"name", activity.type},
          {"state", PendingStateName(activity)},
          {"attempt", activity.attempt},
          {"next_retry_at", JsonOf(TimeOf(activity.next_attempt_at))},
          {"error", error}};
}

}  // namespace

std::string StatusName(WorkflowStatus status) {
  switch (status) {
    case WorkflowStatus::kRunning:
    case WorkflowStatus::kPaused:
      return "running";
    case WorkflowStatus::kCompleted:
      return "completed";
    case WorkflowStatus::kFailed:
      return "failed";
    case WorkflowStatus::kCanceled:
      return "canceled";
    case WorkflowStatus::kTerminated:
      return "terminated";
    case WorkflowStatus::kContinuedAsNew:
      return "continued_as_new";
    case WorkflowStatus::kTimedOut:
      return "timed_out";
    case WorkflowStatus::kUnspecified:
      break;
  }
  return "unknown";
}

std::string FilterName(const std::string& status) {
  for (const auto& [name, filter] : kFilterNames) {
    if (status == name) return filter;
  }
  return {};
}

std::optional<Time> TimeOf(const std::optional<temporal::Time>& time) {
  if (!time) return std::nullopt;
  return std::chrono::floor<Time::duration>(*time);
}

Json WorkflowJson(const temporal::WorkflowSummary& summary, const temporal::WorkflowDescription* description) {
  const std::size_t slash = summary.workflow_id.find('/');
  const bool named = slash != std::string::npos;
  Json pending = Json::array();
  if (description != nullptr) {
    for (const temporal::PendingActivity& activity : description->pending_activities) {
      pending.push_back(PendingJson(activity));
    }
  }
  return {{"workflow_id", summary.workflow_id},
          {"kind", named ? summary.workflow_id.substr(0, slash) : summary.type},
          {"id", named ? summary.workflow_id.substr(slash + 1) : summary.workflow_id},
          {"run_id", summary.run_id},
          {"type", summary.type},
          {"status", StatusName(summary.status)},
          {"task_queue", summary.task_queue},
          {"started_at", JsonOf(TimeOf(summary.started_at))},
          {"closed_at", JsonOf(TimeOf(summary.closed_at))},
          {"history_length", summary.history_length},
          {"pending", pending}};
}

}  // namespace gpuaas::api
