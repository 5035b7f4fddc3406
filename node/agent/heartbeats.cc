#include "node/agent/heartbeats.h"

#include "domain/status.h"
#include "domain/status_macros.h"
#include "nlohmann/json.hpp"
#include "node/command/command.h"
#include "platform/log/log.h"

namespace gpuaas::node {
namespace {

std::string ContactFile(const StateDir& state) { return state.path() + "/contact.json"; }

// The last contact of an agent before this one, if that was in this boot; otherwise now.
Moment LastContact(const StateDir& state, const Moment& now) {
  auto text = ReadFile(ContactFile(state));
  if (!text.ok()) return now;
  const auto value = nlohmann::json::parse(*text, nullptr, false);
  if (!value.is_object() || value.value("boot_id", "") != now.boot_id) return now;
  Moment last = now;
  last.monotonic = std::chrono::microseconds(value.value("monotonic", now.monotonic.count()));
  return last;
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
      watch_(fence_after, LastContact(state, now_())) {
  // An agent that was down for too long starts nothing before it knows what has become of the allocations.
  if (watch_.IsLost(now_())) manager_.Fence();
}

std::chrono::seconds Heartbeats::Beat() {
  auto answer = Send();
  if (answer.ok()) {
    watch_.Contact(now_());
    watch_.SetLimit(answer->fence_after);
    interval_ = std::max(answer->interval, std::chrono::seconds(1));
    Remember();
    manager_.Unfence();
    auto renewed = control_plane_.RenewIfDue(std::chrono::system_clock::now());
    if (!renewed.ok()) {
      platform::LogWarning("the certificate could not be renewed", {{"error", ToStd(renewed.status().message())}});
    } else if (*renewed) {
      platform::LogInfo("the certificate was renewed");
    }
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
  if (answer.ok()) sent_digest_ = digest;
  return answer;
}

// The last contact outlives the agent, so that one that was down for long does not start with a fresh allowance.
void Heartbeats::Remember() const {
  const Moment& last = watch_.last();
  const nlohmann::json value = {{"boot_id", last.boot_id}, {"monotonic", last.monotonic.count()}};
  if (auto status = WriteFile(ContactFile(state_), value.dump(), 0600); !status.ok()) {
    platform::LogWarning("the last contact was not noted", {{"error", ToStd(status.message())}});
  }
}

}  // namespace gpuaas::node
