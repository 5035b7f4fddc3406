#include "node/agent/heartbeats.h"

#include <fcntl.h>

#include "domain/status.h"
#include "node/sandbox/contact_file.h"
#include "node/sandbox/host.h"
#include "node/sandbox/processes.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

// What an agent before this one has noted, if that was in this boot; otherwise as if there had been contact now.
ContactWatch WatchFrom(const StateDir& state, const Moment& now, std::chrono::seconds limit) {
  const Fd file(::open(ContactFileIn(state.path()).c_str(), O_RDONLY | O_CLOEXEC));
  const auto mark = ReadContact(file.get());
  if (!mark || mark->boot_id != now.boot_id) return {limit, now};
  Moment last = now;
  last.monotonic = mark->monotonic;
  return {mark->limit, last};
}

}  // namespace

Heartbeats::Heartbeats(const StateDir& state, const NodeIdentity& identity, Manager& manager, GpuSource& gpus,
                       EvidenceJournal& evidence, EvidenceJournal::Now now, std::chrono::seconds fence_after)
    : state_(state),
      manager_(manager),
      gpus_(gpus),
      evidence_(evidence),
      now_(std::move(now)),
      control_plane_(state, identity),
      watch_(WatchFrom(state, now_(), fence_after)) {
  Remember();
  // An agent that was down for too long starts nothing before it knows what has become of the allocations.
  if (watch_.IsLost(now_())) manager_.Fence();
}

std::chrono::seconds Heartbeats::Beat() {
  Renew();
  auto answer = Send();
  if (answer.ok()) {
    watch_.Contact(now_());
    watch_.SetLimit(answer->fence_after);
    interval_ = std::max(answer->interval, std::chrono::seconds(1));
    Remember();
    manager_.Unfence();
  } else if (watch_.IsLost(now_())) {
    manager_.Fence();
  }
  if (answer.ok() != in_contact_) {
    in_contact_ = answer.ok();
    if (in_contact_) {
      platform::LogInfo("in contact with the control plane");
    } else {
      platform::LogWarning("no contact with the control plane", {{"error", ToStd(answer.status().message())}});
    }
  }
  return interval_;
}

// Before each heartbeat, which one that has ended would not get through.
void Heartbeats::Renew() {
  const auto renewed = control_plane_.RenewIfDue(std::chrono::system_clock::now());
  const std::string error(renewed.ok() ? std::string_view() : ToStd(renewed.status().message()));
  if (!error.empty() && error != renewal_error_) {
    platform::LogWarning("the certificate could not be renewed", {{"error", error}});
  } else if (renewed.ok() && *renewed) {
    platform::LogInfo("the certificate was renewed");
  }
  renewal_error_ = error;
}

absl::StatusOr<HeartbeatAnswer> Heartbeats::Send() {
  const auto known = TakeInventory(gpus_);
  // A node whose driver has said nothing yet is alive all the same: the control plane goes by the inventory it has.
  const NodeInventory inventory = known.ok() ? *known : MachineInventory();
  Heartbeat heartbeat;
  heartbeat.boot_id = inventory.boot_id;
  heartbeat.inventory = &inventory;
  const std::string digest = DigestOf(inventory);
  heartbeat.with_inventory = known.ok() && digest != sent_digest_;
  for (const auto& view : manager_.List()) {
    heartbeat.sandboxes.push_back({view.allocation_id, view.gpu_uuids, view.running});
  }
  heartbeat.evidence_head = evidence_.head();
  auto answer = control_plane_.Send(heartbeat);
  if (answer.ok()) sent_digest_ = answer->send_inventory ? "" : digest;
  return answer;
}

// The last contact outlives the agent: one that was down for long does not start with a fresh allowance, and the
// sandboxes of one that does not come back know when to end.
void Heartbeats::Remember() const {
  const ContactMark mark{watch_.last().boot_id, watch_.last().monotonic, watch_.limit()};
  if (auto status = WriteContact(ContactFileIn(state_.path()), mark); !status.ok()) {
    platform::LogWarning("the last contact was not noted", {{"error", ToStd(status.message())}});
  }
}

}  // namespace gpuaas::node
