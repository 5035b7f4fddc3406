#pragma once

#include <string>
#include <vector>

#include "cli/core/invocation.h"

// What the contract's objects have. --json and --columns are held to it before a request is sent that changes
// something, when there is no object yet to look at. A test holds it to the contract.
namespace gpuaas::cli {

inline const std::vector<std::string> kAllocationMembers = SplitList(
    "id, name, state, workflow_id, operation_id, correlation_id, tenant_id, tenant, project_id, project, "
    "sku, region, gpus, node, node_id, gpu_uuids, lease_seconds, lease_expires_at, ssh_key_ids, reason, "
    "error, created_by, created_at, updated_at, active_at, ended_at, queue_position");

inline const std::vector<std::string> kNodeMembers = SplitList(
    "id, name, region, state, contact, reason, workflow_id, operation_id, agent_address, agent_version, "
    "gpu_model, gpus_total, gpus_free, gpus, created_at, last_heartbeat_at, correlation_id");

inline const std::vector<std::string> kEnrolmentMembers =
    SplitList("id, node_id, name, region, token, command, expires_at");

inline const std::vector<std::string> kSshKeyMembers = SplitList("id, name, fingerprint, public_key, created_at");

}  // namespace gpuaas::cli
