#include "api/allocation/reads.h"

#include "api/allocation/view.h"
#include "api/ops/history.h"
#include "domain/status.h"
#include "domain/status_macros.h"
#include "stores/allocation/queue.h"

namespace gpuaas::api {

using domain::Permission;
using Json = nlohmann::json;

absl::StatusOr<platform::Response> ListAllocations(Services& services, const Call& call) {
  stores::AllocationFilter filter{
      .project = call.access.project, .id_prefix = call.Query("id_prefix"), .limit = call.Limit()};
  GPUAAS_ASSIGN_OR_RETURN(filter.before, IdFromCursor<AllocationId>(call));
  if (auto state = domain::AllocationStateFromName(call.Query("state"))) filter.states = {*state};
  return services.database.TransactFor<platform::Response>(
      call.access.RowScope(), [&](platform::Transaction& tx) -> absl::StatusOr<platform::Response> {
        GPUAAS_ASSIGN_OR_RETURN(stores::AllocationPage page, stores::ListAllocations(tx, filter));
        ScopeNames names(call.access, tx);
        Json items = Json::array();
        for (const stores::Allocation& allocation : page.items)
          items.push_back(AllocationJson(allocation, call.access, names));
        return Page(std::move(items), page.next);
      });
}

absl::StatusOr<platform::Response> GetAllocation(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(Json body,
                          services.database.TransactFor<Json>(
                              call.access.RowScope(), [&](platform::Transaction& tx) -> absl::StatusOr<Json> {
                                GPUAAS_ASSIGN_OR_RETURN(stores::Allocation allocation,
                                                        FindAllocation(tx, call, Permission::kAllocationRead));
                                ScopeNames names(call.access, tx);
                                return AllocationJson(allocation, call.access, names);
                              }));
  if (body["state"] == domain::NameOf(domain::AllocationState::kQueued)) {
    // The caller's rows are only a part of the queue.
    const AllocationId id(body["id"].get<std::string>());
    GPUAAS_ASSIGN_OR_RETURN(const int position,
                            services.database.TransactFor<int>(platform::SystemScope(), [&](platform::Transaction& tx) {
                              return stores::QueuePosition(tx, id);
                            }));
    if (position > 0) body["queue_position"] = position;
  }
  return JsonResponse(200, body);
}

absl::StatusOr<platform::Response> GetAllocationHistory(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(
      stores::Allocation allocation,
      services.database.TransactFor<stores::Allocation>(call.access.RowScope(), [&](platform::Transaction& tx) {
        return FindAllocation(tx, call, Permission::kAllocationRead);
      }));
  GPUAAS_ASSIGN_OR_RETURN(Json history, LoadHistory(services, call, call.access.RowScope(), allocation.WorkflowId()));
  return JsonResponse(200, history);
}

absl::StatusOr<platform::Response> GetAllocationConnection(Services& services, const Call& call) {
  GPUAAS_ASSIGN_OR_RETURN(
      stores::Allocation allocation,
      services.database.TransactFor<stores::Allocation>(call.access.RowScope(), [&](platform::Transaction& tx) {
        return FindAllocation(tx, call, Permission::kAllocationConnect);
      }));
  if (allocation.state != domain::AllocationState::kActive || !allocation.endpoint) {
    const std::string state(domain::NameOf(allocation.state));
    return MakeError(ErrorCode::kInvalidState, "the allocation is " + state + ", only an active one can be entered",
                     Json{{"state", state}}.dump());
  }
  const stores::SshEndpoint& endpoint = *allocation.endpoint;
  return JsonResponse(
      200, {{"mode", "ssh"},
            {"command", "ssh -p " + std::to_string(endpoint.port) + " " + endpoint.user + "@" + endpoint.host},
            {"host", endpoint.host},
            {"port", endpoint.port},
            {"user", endpoint.user},
            {"host_public_key", TextOrNull(endpoint.host_public_key)}});
}

}  // namespace gpuaas::api
