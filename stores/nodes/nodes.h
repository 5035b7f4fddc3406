#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "domain/nodes/state.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"
#include "stores/ops/caller.h"

// Nodes belong to the platform: all of it needs the system scope. Events go to the platform tenant's log.
namespace gpuaas::stores {

struct NodeGpu {
  std::string uuid;  // "GPU-..."
  int index = 0;
  std::string model;  // "NVIDIA H200"
  std::int64_t memory_bytes = 0;
  std::string device_path;
  bool present = true;      // in the last inventory
  AllocationId allocation;  // who holds it; empty: free
};

struct NodeInventory {
  std::string source;  // "nvml" | "declared"
  std::string driver_version;
  int cpus = 0;
  std::int64_t memory_bytes = 0;
  std::vector<NodeGpu> gpus;  // `present` and `allocation` are not read
  std::string digest;         // what the agent calls this inventory; empty: unknown
};

struct Node {
  NodeId id;
  std::string name;
  std::string region;
  domain::NodeState state = domain::NodeState::kEnrolled;
  domain::NodeContact contact = domain::NodeContact::kOk;
  std::string advertise_address;  // "host:port" that the control plane dials
  std::string agent_version;
  std::string boot_id;
  std::string inventory_digest;
  std::string inventory_source;
  std::string driver_version;
  int cpus = 0;
  std::int64_t memory_bytes = 0;
  int gpus_total = 0;  // present ones
  int gpus_free = 0;
  std::string gpu_model;  // of its first GPU
  std::string certificate_serial;
  std::string public_key;  // of its certificate, PEM
  std::string reason;      // why it is cordoned, drained, ...
  OperationId operation;   // the last accepted one; empty: none
  Time enrolled_at;
  std::optional<Time> last_heartbeat_at;
  std::vector<NodeGpu> gpus;  // filled by GetNode
};

struct NewNode {
  NodeId id;
  Caller caller;
  std::string name;  // unique among nodes that are not reclaimed
  std::string region;
  std::string advertise_address;
  std::string certificate_serial;
  std::string public_key;  // of its certificate, PEM
  NodeInventory inventory;
  Time now;
};

// Writes the node in state enrolled with its GPUs and logs `node.enrolled`. kConflict (name).
absl::StatusOr<Node> RegisterNode(platform::Transaction& tx, const NewNode& node);

// kNotFound.
absl::StatusOr<Node> GetNode(platform::Transaction& tx, const NodeId& id);

struct NodeFilter {
  std::string region;  // empty: any
  bool with_reclaimed = false;
  std::string id_prefix;  // empty: any
  NodeId before;          // cursor: the last id of the former page; empty: from the newest
  int limit = 100;
};
struct NodePage {
  std::vector<Node> items;  // newest first
  NodeId next;
};
absl::StatusOr<NodePage> ListNodes(platform::Transaction& tx, const NodeFilter& filter);

// Accepts an order to bring the node to `to`, which is its workflow's to do: locks the row, so that orders to one node
// have one order, and logs `node.<order>_requested`. kNotFound; kInvalidState with details {state}.
absl::StatusOr<Node> AcceptNodeOrder(platform::Transaction& tx, const NodeId& id, std::string_view order,
                                     domain::NodeState to, const OperationId& operation, const std::string& reason,
                                     const Caller& caller, Time now);

// Moves the lifecycle and logs `node.<state>`. Already there: gives the row. `operation` may be empty. kNotFound;
// kInvalidState with details {state}, also for reclaiming a node that still holds allocations. Whatever an enrolled
// node becomes ends its operation `enrol`.
absl::StatusOr<Node> SetNodeState(platform::Transaction& tx, const NodeId& id, domain::NodeState to,
                                  const OperationId& operation, const std::string& reason, const Caller& caller,
                                  Time now);

// After a renewal. kNotFound.
absl::Status SetNodeCertificate(platform::Transaction& tx, const NodeId& id, const std::string& serial,
                                const std::string& public_key, Time now);

}  // namespace gpuaas::stores
