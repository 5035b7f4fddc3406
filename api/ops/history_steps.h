#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "domain/time.h"
#include "stores/ops/attempts.h"
#include "temporal/api/history/v1/message.pb.h"

// Private to this folder: events folded into steps.
namespace gpuaas::api {

struct HistoryStep {
  std::string name;
  std::string kind;   // "activity" | "timer" | "signal" | "child_workflow" | "workflow"
  std::string state;  // "scheduled" | "running" | "retrying" | "completed" | "failed" | "canceled" | "timed_out"
  std::string activity_id;
  int attempts = 1;
  std::optional<Time> started_at;
  std::optional<Time> ended_at;
  nlohmann::json error;         // null or {code, message}
  nlohmann::json last_failure;  // likewise, of the attempt before the newest
  std::string detail;           // what came of it, for the reader
  std::optional<Time> next_retry_at;
  std::optional<Time> due_at;  // when a timer goes off
  nlohmann::json attempt_list = nlohmann::json::array();
};

// In the order in which they were scheduled.
std::vector<HistoryStep> StepsOf(const temporal::api::history::v1::History& history);

// Steps known from attempts alone, one per (run, activity).
std::vector<HistoryStep> StepsOf(const std::vector<stores::Attempt>& attempts);

// Puts our record of all attempts of that activity into the step, which knows its state and its number of attempts.
void AddAttempts(HistoryStep& step, const std::vector<stores::Attempt>& attempts);

nlohmann::json ToJson(const HistoryStep& step);

}  // namespace gpuaas::api
