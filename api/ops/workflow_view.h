#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "domain/time.h"
#include "temporal/client/types.h"

namespace gpuaas::api {

// As the contract's WorkflowStatus spells it.
std::string StatusName(temporal::WorkflowStatus status);
// As Temporal's list filter spells it ("ContinuedAsNew"); empty if there is none.
std::string FilterName(const std::string& status);

std::optional<Time> TimeOf(const std::optional<temporal::Time>& time);

// The contract's Workflow; `description` adds what is pending, null for lists.
nlohmann::json WorkflowJson(const temporal::WorkflowSummary& summary, const temporal::WorkflowDescription* description);

}  // namespace gpuaas::api
