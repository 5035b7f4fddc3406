#include "api/nodes/handlers.h"

#include <memory>

#include "api/nodes/agents.h"
#include "api/nodes/downloads.h"
#include "api/nodes/enrolments.h"
#include "api/nodes/nodes.h"

namespace gpuaas::api {

void BindNodes(Binder& binder, Services& services) {
  using domain::NodeState;
  using domain::Permission;
  auto bind = [&](std::string_view operation, std::optional<Permission> permission, auto handler) {
    binder.Bind(operation, permission, [&services, handler](Call& call) { return handler(services, call); });
  };
  bind("listNodes", Permission::kNodeRead, ListNodes);
  bind("getNode", Permission::kNodeRead, GetNode);
  bind("enrolNode", Permission::kNodeWrite, EnrolNode);
  auto order = [&](std::string_view operation, const char* signal, NodeState to) {
    bind(operation, Permission::kNodeWrite,
         [signal, to](Services& all, const Call& call) { return OrderNode(all, call, signal, to); });
  };
  order("cordonNode", "cordon", NodeState::kCordoned);
  order("uncordonNode", "uncordon", NodeState::kActive);
  order("drainNode", "drain", NodeState::kDraining);
  order("reclaimNode", "reclaim", NodeState::kReclaimed);

  bind("agentEnrol", std::nullopt, AgentEnrol);
  bind("agentRenew", std::nullopt, AgentRenew);
  bind("agentHeartbeat", std::nullopt, AgentHeartbeat);
  binder.Bind("getNodeBootstrap", std::nullopt, [&services](Call&) { return GetBootstrap(services); });
  auto binary = std::make_shared<AgentBinary>(services.settings.agent_binary);
  binder.Bind("getNodeAgent", std::nullopt, [binary](Call&) { return binary->Get(); });
}

}  // namespace gpuaas::api
