#pragma once

#include <chrono>
#include <string>

#include "node/contact/contact_watch.h"
#include "node/contact/control_plane.h"
#include "node/inventory/inventory.h"
#include "node/journal/evidence.h"
#include "node/manager/manager.h"

namespace gpuaas::node {

// The agent's pulse: tells the control plane what runs, renews the certificate, and fences the node when nobody has
// answered for too long. Nothing that a sandbox or a driver does keeps it waiting. One thread runs it.
class Heartbeats {
 public:
  Heartbeats(const StateDir& state, const NodeIdentity& identity, Manager& manager, GpuSource& gpus,
             EvidenceJournal& evidence, EvidenceJournal::Now now, std::chrono::seconds fence_after);

  // One beat; the pause until the next.
  std::chrono::seconds Beat();

 private:
  void Renew();
  absl::StatusOr<HeartbeatAnswer> Send();
  void Remember() const;

  const StateDir& state_;
  Manager& manager_;
  GpuSource& gpus_;
  EvidenceJournal& evidence_;
  const EvidenceJournal::Now now_;
  ControlPlane control_plane_;
  ContactWatch watch_;
  std::string sent_digest_;    // of the inventory that the control plane has; empty: it wants to be told
  std::string renewal_error_;  // of the last attempt, so that it is logged once
  std::chrono::seconds interval_{5};
  bool in_contact_ = true;
};

}  // namespace gpuaas::node
