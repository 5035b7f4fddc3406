#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/common/call.h"
#include "api/common/services.h"
#include "platform/postgres/database.h"
#include "stores/ops/attempts.h"

namespace temporal {
struct WorkflowDescription;
namespace api::history::v1 {
class History;
}
}  // namespace temporal

namespace gpuaas::api {

// The contract's WorkflowHistory, from the workflow service's history of the newest run (null: it is not kept or not
// reachable), what is pending in it (may be null), and our record of every attempt of all runs.
nlohmann::json BuildHistory(const std::string& workflow_id, const temporal::api::history::v1::History* history,
                            const temporal::WorkflowDescription* description,
                            const std::vector<stores::Attempt>& attempts);

// The causes in it as that principal may see them.
void Disclose(nlohmann::json& history, const Principal& reader);

// Reads both and joins them, with the raw events if the call asks for them, which needs the ops permission: they hold
// what is the platform's. Without an answer from the workflow service the attempts alone are shown. Errors:
// kPermissionDenied, the database's.
absl::StatusOr<nlohmann::json> LoadHistory(Services& services, const Call& call, const platform::Scope& scope,
                                           const std::string& workflow_id);

}  // namespace gpuaas::api
