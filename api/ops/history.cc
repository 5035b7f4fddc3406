#include "api/ops/history.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "api/common/binder.h"
#include "api/ops/history_steps.h"
#include "api/ops/workflow_view.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "platform/log/log.h"
#include "temporal/api/history/v1/message.pb.h"
#include "temporal/client/client.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;
using temporal::api::history::v1::History;

std::string RunIdOf(const History& history) {
  return history.events().empty()
             ? std::string()
             : history.events(0).workflow_execution_started_event_attributes().original_execution_run_id();
}

// Whether a worker has ever looked at it.
bool IsTakenUp(const History& history) {
  return std::ranges::any_of(history.events(),
                             [](const auto& event) { return event.has_workflow_task_started_event_attributes(); });
}

// A step between two attempts is not in the history: the server keeps it beside.
void AddPending(std::vector<HistoryStep>& steps, const temporal::WorkflowDescription& description) {
  for (const temporal::PendingActivity& pending : description.pending_activities) {
    for (HistoryStep& step : steps) {
      if (step.kind != "activity" || step.activity_id != pending.id || step.ended_at) continue;
      step.attempts = pending.attempt;
      step.state = pending.next_attempt_at                                     ? "retrying"
                   : pending.state == temporal::PendingActivityState::kStarted ? "running"
                                                                               : "scheduled";
      step.next_retry_at = TimeOf(pending.next_attempt_at);
      if (!pending.last_failure_message.empty()) {
        step.error = {{"code", pending.last_failure_type.empty() ? "internal" : pending.last_failure_type},
                      {"message", pending.last_failure_message}};
        step.last_failure = step.error;
      }
    }
  }
}

Json EventsOf(const History& history) {
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(history, &text).ok()) return Json::array();
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("events") ? json["events"] : Json::array();
}

}  // namespace

Json BuildHistory(const std::string& workflow_id, const History* history,
                  const temporal::WorkflowDescription* description, const std::vector<stores::Attempt>& attempts) {
  const std::string run_id = description != nullptr ? description->summary.run_id
                             : history != nullptr   ? RunIdOf(*history)
                             : attempts.empty()     ? std::string()
                                                    : attempts.back().run_id;
  std::vector<stores::Attempt> earlier, current;
  for (const stores::Attempt& attempt : attempts) {
    (history != nullptr && attempt.run_id == run_id ? current : earlier).push_back(attempt);
  }
  std::vector<HistoryStep> steps = StepsOf(earlier);
  if (history != nullptr) {
    std::vector<HistoryStep> newest = StepsOf(*history);
    if (description != nullptr) AddPending(newest, *description);
    for (HistoryStep& step : newest) {
      if (step.kind == "activity") AddAttempts(step, current);
      steps.push_back(std::move(step));
    }
  }
  Json items = Json::array();
  for (const HistoryStep& step : steps) items.push_back(ToJson(step));
  return {{"workflow_id", workflow_id},
          {"run_id", TextOrNull(run_id)},
          {"status", description != nullptr ? StatusName(description->summary.status) : "unknown"},
          {"taken_up", history != nullptr ? Json(IsTakenUp(*history)) : Json(nullptr)},
          {"source", history != nullptr ? "workflow_service" : "attempts"},
          {"steps", items}};
}

void Disclose(Json& history, const Principal& reader) {
  const auto disclose = [&](Json& error) {
    if (!error.is_null()) error["message"] = CauseFor(reader, error.value("code", ""), error.value("message", ""));
  };
  for (Json& step : history["steps"]) {
    disclose(step["error"]);
    for (Json& attempt : step["attempt_list"]) disclose(attempt["error"]);
  }
}

absl::StatusOr<Json> LoadHistory(Services& services, const Call& call, const platform::Scope& scope,
                                 const std::string& workflow_id) {
  using Attempts = std::vector<stores::Attempt>;
  const bool with_events = call.Query("events") == "true";
  if (with_events) GPUAAS_RETURN_IF_ERROR(Require(services, call, domain::Permission::kOpsRead));
  GPUAAS_ASSIGN_OR_RETURN(Attempts attempts,
                          services.database.TransactFor<Attempts>(
                              scope, [&](platform::Transaction& tx) { return stores::ListAttempts(tx, workflow_id); }));
  auto description = services.temporal.Describe(workflow_id);
  // Of the run that was described, lest another one begins in between.
  absl::StatusOr<History> history = description.ok()
                                        ? services.temporal.History({workflow_id, description->summary.run_id})
                                        : absl::StatusOr<History>(description.status());
  if (!history.ok()) {
    platform::LogInfo("history from the attempts alone",
                      {{"workflow_id", workflow_id}, {"error", ToStd(history.status().message())}});
  }
  Json answer = BuildHistory(workflow_id, history.ok() ? &*history : nullptr,
                             description.ok() ? &*description : nullptr, attempts);
  Disclose(answer, call.access.principal);
  if (with_events) answer["events"] = history.ok() ? EventsOf(*history) : Json::array();
  return answer;
}

}  // namespace gpuaas::api
