#include "api/nodes/nodes.h"

#include "api/common/mutation.h"
#include "api/nodes/intents.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "stores/nodes/nodes.h"
#include "stores/ops/operations.h"

namespace gpuaas::api {
namespace {

using Json = nlohmann::json;

Json NodeJson(const stores::Node& node) {
  Json gpus = Json::array();
  for (const stores::NodeGpu& gpu : node.gpus) {
    if (!gpu.present) continue;
    gpus.push_back({{"index", gpu.index},
                    {"uuid", gpu.uuid},
                    {"model", gpu.model},
                    {"memory_gib", gpu.memory_bytes >> 30},
                    {"allocation_id", TextOrNull(gpu.allocation.str())}});
  }
  return {{"id", node.id.str()},
          {"name", node.name},
          {"region", node.region},
          {"state", domain::NameOf(node.state)},
          {"contact", domain::NameOf(node.contact)},
          {"reason", TextOrNull(node.reason)},
          {"workflow_id", "node/" + node.id.str()},
          {"operation_id", TextOrNull(node.operation.str())},
          {"agent_address", TextOrNull(node.advertise_address)},
          {"agent_version", TextOrNull(node.agent_version)},
          {"gpu_model", TextOrNull(node.gpu_model)},
          {"gpus_total", node.gpus_total},
          {"gpus_free", node.gpus_free},
          {"gpus", gpus},
          {"last_heartbeat_at", JsonOf(node.last_heartbeat_at)},
          {"created_at", JsonOf(node.enrolled_at)}};
}

}  // namespace

absl::StatusOr<platform::Response> ListNodes(Services& services, const Call& call) {
  stores::NodeFilter filter{
      .region = call.Query("region"), .id_prefix = call.Query("id_prefix"), .limit = call.Limit()};
  GPUAAS_ASSIGN_OR_RETURN(filter.before, IdFromCursor<NodeId>(call));
  GPUAAS_ASSIGN_OR_RETURN(stores::NodePage page, services.database.TransactFor<stores::NodePage>(
                                                     platform::SystemScope(), [&](platform::Transaction& tx) {
                                                       return stores::ListNodes(tx, filter);
                                                     }));
  Json items = Json::array();
  for (const stores::Node& node : page.items) items.push_back(NodeJson(node));
  return Page(std::move(items), page.next);
}

absl::StatusOr<platform::Response> GetNode(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(NodeId id, IdFromPath<NodeId>(call, "node_id"));
  GPUAAS_ASSIGN_OR_RETURN(stores::Node node, services.database.TransactFor<stores::Node>(
                                                 platform::SystemScope(),
                                                 [&](platform::Transaction& tx) { return stores::GetNode(tx, id); }));
  return JsonResponse(200, NodeJson(node));
}

absl::StatusOr<platform::Response> OrderNode(Services& services, const Call& call, const char* signal,
                                             domain::NodeState to) {
  GPUAAS_ASSIGN_OR_RETURN(NodeId id, IdFromPath<NodeId>(call, "node_id"));
  const stores::Caller caller = call.access.CallerFor(PlatformTenant(), ProjectId(), call.correlation_id());
  auto order = [&](platform::Transaction& tx) -> absl::StatusOr<stores::Answer> {
    const OperationId operation = OperationId::New(call.now);
    const std::string reason = call.body.value("reason", "");
    GPUAAS_ASSIGN_OR_RETURN(stores::Node node,
                            stores::AcceptNodeOrder(tx, id, signal, to, operation, reason, caller, call.now));
    GPUAAS_RETURN_IF_ERROR(stores::CreateOperation(tx, {.id = operation,
                                                        .caller = caller,
                                                        .resource_kind = "node",
                                                        .resource_id = id,
                                                        .kind = signal,
                                                        .request_json = call.body.dump(),
                                                        .now = call.now})
                               .status());
    GPUAAS_RETURN_IF_ERROR(
        stores::EnqueueOutbox(tx, SignalNode(id, signal, operation, call.correlation_id(), reason, call.now)).status());
    Json body = NodeJson(node);
    body["operation_id"] = operation.str();
    body["correlation_id"] = call.correlation_id();
    return Accepted(operation, body);
  };
  return RunMutation(services, call, platform::SystemScope(), caller, "/api/v1/nodes/", order);
}

}  // namespace gpuaas::api
