#include "activities/ops/ops_activities.h"

#include <algorithm>
#include <string>

#include "activities/common/step_registry.h"
#include "domain/status_macros.h"
#include "platform/clock/clock.h"
#include "platform/postgres/database.h"
#include "stores/ops/items.h"
#include "workflows/common/ops_steps.h"

namespace gpuaas::activities {
namespace {

std::string ResourceKindOf(const std::string& resource_id) {
  if (resource_id.starts_with(NodeId::kPrefix)) return "node";
  return resource_id.starts_with(AllocationId::kPrefix) ? "allocation" : "region";
}

std::string WorkflowOf(const std::string& kind, const std::string& id) {
  return (kind == "region" ? "region-watch" : kind) + "/" + id;
}

// What needs hands soon, because nothing ends by itself while it lasts.
bool IsCritical(const std::string& kind) {
  return kind == "undo_failed" || kind == "undo_slow" || kind == "sweep_failed";
}

// "node_fenced" is explained in docs/runbooks/node-fenced.md.
std::string RunbookOf(std::string kind) {
  std::replace(kind.begin(), kind.end(), '_', '-');
  return "docs/runbooks/" + kind + ".md";
}

}  // namespace

void OpsActivities::Register(StepRegistry& registry) {
  registry.Add(workflows::steps::kRaiseItem, [this](const auto& request) { return RaiseItem(request); });
  registry.Add(workflows::steps::kResolveItem, [this](const auto& request) { return ResolveItem(request); });
}

absl::StatusOr<flow::v1::Done> OpsActivities::RaiseItem(const flow::v1::OpsItemRequest& request) {
  stores::OpsItem item;
  item.tenant = request.tenant_id().empty() ? PlatformTenant() : TenantId(request.tenant_id());
  item.severity = IsCritical(request.kind()) ? "critical" : "warning";
  item.kind = request.kind();
  item.title = request.summary();
  item.resource_kind = ResourceKindOf(request.resource_id());
  item.resource_id = request.resource_id();
  item.workflow_id = WorkflowOf(item.resource_kind, item.resource_id);
  item.runbook = RunbookOf(request.kind());
  GPUAAS_RETURN_IF_ERROR(database_.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    return stores::RaiseOpsItem(tx, item, clock_.Now()).status();
  }));
  return flow::v1::Done();
}

absl::StatusOr<flow::v1::Done> OpsActivities::ResolveItem(const flow::v1::OpsItemRequest& request) {
  GPUAAS_RETURN_IF_ERROR(database_.Transact(platform::SystemScope(), [&](platform::Transaction& tx) {
    return stores::CloseOpsItem(tx, request.kind(), ResourceKindOf(request.resource_id()), request.resource_id(),
                                clock_.Now())
        .status();
  }));
  return flow::v1::Done();
}

}  // namespace gpuaas::activities
