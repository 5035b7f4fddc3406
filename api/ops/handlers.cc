#include "api/ops/handlers.h"

#include "api/ops/operations.h"
#include "api/ops/workflows.h"
#include "domain/status_macros.h"
#include "platform/metrics/metrics.h"
#include "stores/ops/items.h"
#include "stores/ops/overview.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

constexpr int kShownItems = 50;

Json ItemJson(const stores::OpsItem& item) {
  return {{"id", item.id.str()},
          {"severity", item.severity},
          {"kind", item.kind},
          {"resource", item.resource_id},
          {"workflow_id", item.workflow_id},
          {"title", item.title},
          {"detail", item.detail},
          {"runbook", item.runbook},
          {"times", item.times},
          {"opened_at", JsonOf(item.opened_at)}};
}

absl::StatusOr<platform::Response> GetOverview(Services& services, HealthChecks& health) {
  Json body;
  GPUAAS_RETURN_IF_ERROR(services.database.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    GPUAAS_ASSIGN_OR_RETURN(stores::Overview overview, stores::GetOverview(tx));
    GPUAAS_ASSIGN_OR_RETURN(std::vector<stores::OpsItem> open, stores::ListOpsItems(tx, false, kShownItems));
    Json items = Json::array();
    for (const stores::OpsItem& item : open) items.push_back(ItemJson(item));
    body = {{"region", services.settings.region},
            {"allocations", overview.allocations_by_state},
            {"nodes", overview.nodes_by_state},
            {"gpus",
             {{"total", overview.gpus_total},
              {"assigned", overview.gpus_assigned},
              {"free", overview.gpus_total - overview.gpus_assigned},
              {"queued", overview.queued_gpus}}},
            {"operations_running", overview.running_operations},
            {"outbox_pending", overview.outbox_unsent},
            {"ops_items", items}};
    return absl::OkStatus();
  }));
  body["components"] = ComponentsJson(health.Latest());
  return JsonResponse(200, body);
}

absl::StatusOr<platform::Response> GetMetrics() {
  platform::Response response;
  response.content_type = "text/plain; version=0.0.4";
  response.body = platform::Metrics::Global().Expose();
  return response;
}

}  // namespace

void BindOps(Binder& binder, Services& services, HealthChecks& health) {
  const auto read = domain::Permission::kOpsRead;
  binder.Bind("getOverview", read, [&](Call&) { return GetOverview(services, health); });
  binder.Bind("listWorkflows", read, [&](Call& call) { return ListWorkflows(services, call); });
  binder.Bind("describeWorkflow", read, [&](Call& call) { return DescribeWorkflow(services, call); });
  binder.Bind("getWorkflowHistory", read, [&](Call& call) { return GetWorkflowHistory(services, call); });
  // Authorized by what the operation is about.
  binder.Bind("getOperation", std::nullopt, [&](Call& call) { return GetOperation(services, call); });
  binder.Bind("health", std::nullopt, [&](Call& call) { return Health(health, call); });
  binder.Bind("live", std::nullopt, [](Call&) { return Live(); });
  binder.Bind("ready", std::nullopt, [&](Call&) { return Ready(health); });
  binder.Bind("metrics", std::nullopt, [](Call&) { return GetMetrics(); });
}

}  // namespace gpuaas::api
