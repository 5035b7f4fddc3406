#include "activities/nodes/reconcile.h"

#include <map>
#include <string>
#include <vector>

#include "activities/nodes/agent_client.h"
#include "domain/allocation/state.h"
#include "domain/status_macros.h"
#include "gpuaas/node/v1/node_agent.pb.h"
#include "platform/postgres/database.h"
#include "stores/allocation/allocations.h"

namespace gpuaas::activities {

absl::StatusOr<Reconciled> ReconcileNode(platform::Database& database, AgentClient& agents, const NodeAddress& node) {
  // First what is there, then what may be there: an allocation is placed before its sandbox is made.
  GPUAAS_ASSIGN_OR_RETURN(const auto present, agents.ListSandboxes(node));
  GPUAAS_ASSIGN_OR_RETURN(const auto living, database.TransactFor<std::vector<stores::Allocation>>(
                                                 platform::SystemScope(), [&](platform::Transaction& tx) {
                                                   return stores::ListAllocationsOnNode(tx, NodeId(node.node_id));
                                                 }));
  std::map<std::string, domain::AllocationState> states;
  for (const stores::Allocation& allocation : living) states[allocation.id.str()] = allocation.state;
  Reconciled result;
  for (const node::v1::Sandbox& sandbox : present.sandboxes()) {
    if (const auto allowed = states.find(sandbox.allocation_id()); allowed != states.end()) {
      if (allowed->second == domain::AllocationState::kReleasing) ++result.ending;
      continue;
    }
    node::v1::RemoveSandboxRequest request;
    request.set_allocation_id(sandbox.allocation_id());
    request.set_operation_id("reconcile");
    GPUAAS_RETURN_IF_ERROR(agents.RemoveSandbox(node, request).status());
    ++result.removed;
  }
  return result;
}

}  // namespace gpuaas::activities
