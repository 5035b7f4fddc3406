#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/nodes/state.h"
#include "domain/status.h"
#include "platform/postgres/transaction.h"
#include "stores/nodes/nodes.h"

namespace gpuaas::stores {

struct Heartbeat {
  NodeId node;
  std::string boot_id;
  std::string agent_version;
  std::string inventory_digest;
  std::optional<NodeInventory> inventory;  // sent when it changed
  std::string sandboxes_json = "[]";       // as the agent reported them
  std::int64_t evidence_head = 0;
  Time now;
};

struct HeartbeatResult {
  bool inventory_wanted = false;  // the digest is not the one we have; send the inventory next time
  bool activated = false;         // the node was enrolled and became active with this one
  bool rebooted = false;          // another boot id than before
  domain::NodeState state = domain::NodeState::kEnrolled;
};

// Keeps the latest heartbeat of the node, and up to when the use of the sandboxes in it is proven. The first with a
// known inventory makes an enrolled node active and logs it. Contact is not changed here: SweepContacts sees the node
// back. kNotFound; kInvalidState if the node is reclaimed.
absl::StatusOr<HeartbeatResult> RecordHeartbeat(platform::Transaction& tx, const Heartbeat& heartbeat);

struct LastHeartbeat {
  Time at;
  std::string boot_id;
  std::string sandboxes_json;
  std::int64_t evidence_head = 0;
};
// Nothing if the node never sent one.
absl::StatusOr<std::optional<LastHeartbeat>> GetLastHeartbeat(platform::Transaction& tx, const NodeId& node);

// The control plane's own pulse: a process that receives heartbeats calls it with component "api" every few seconds in
// which it could have received one, the sweeping activity with "sweep/<region>". A gap above 15 s restarts `up_since`:
// silence of nodes before that proves nothing about them.
absl::Status RecordPulse(platform::Transaction& tx, const std::string& component, Time now);

struct ContactChange {
  NodeId node;
  domain::NodeContact from = domain::NodeContact::kOk;
  domain::NodeContact to = domain::NodeContact::kOk;
  Time last_heartbeat_at;
};

// One sweep of a region at `now`: pulses "sweep/<region>", changes the contact of nodes whose heartbeats became late,
// lost, or came back, logs `node.late|lost|back`, and gives the changes for signalling. While the pulse of "api" is
// itself missing no node becomes late or lost. When two or more nodes fall silent and no other is heard in the region,
// they become late but not lost, and the ops item `region_silent` is raised; it closes when one comes back, and from
// then on the others have all of their time again.
absl::StatusOr<std::vector<ContactChange>> SweepContacts(platform::Transaction& tx, const std::string& region,
                                                         const domain::ContactPolicy& policy, Time now);

}  // namespace gpuaas::stores
