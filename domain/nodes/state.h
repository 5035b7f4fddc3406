#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

#include "domain/time.h"

namespace gpuaas::domain {

// What operators and the lifecycle want of a node; independent of whether it can be reached now (NodeContact).
enum class NodeState {
  kEnrolled,   // has its certificate; no heartbeat with an inventory yet
  kActive,     // takes new allocations while its contact is ok
  kCordoned,   // keeps what it has, takes nothing new
  kDraining,   // what it has is being released; becomes cordoned when empty
  kReclaimed,  // final: certificate revoked, GPUs gone from the pool
};

inline constexpr std::array kNodeStateNames = {
    std::string_view("enrolled"), std::string_view("active"),    std::string_view("cordoned"),
    std::string_view("draining"), std::string_view("reclaimed"),
};

// Whether heartbeats arrive.
enum class NodeContact {
  kOk,
  kLate,  // no heartbeat for ContactPolicy::late_after
  kLost,  // no heartbeat for ContactPolicy::lost_after; the agent has fenced itself by then
};

inline constexpr std::array kNodeContactNames = {
    std::string_view("ok"),
    std::string_view("late"),
    std::string_view("lost"),
};

constexpr std::string_view NameOf(NodeState state) { return kNodeStateNames[static_cast<std::size_t>(state)]; }
constexpr std::string_view NameOf(NodeContact contact) { return kNodeContactNames[static_cast<std::size_t>(contact)]; }
std::optional<NodeState> NodeStateFromName(std::string_view name);
std::optional<NodeContact> NodeContactFromName(std::string_view name);

// The one table of legal transitions of the lifecycle.
bool CanTransition(NodeState from, NodeState to);

// The one word that lists show: late or lost where contact is not ok, the lifecycle's state otherwise.
constexpr std::string_view DisplayState(NodeState state, NodeContact contact) {
  return contact == NodeContact::kOk || state == NodeState::kReclaimed ? NameOf(state) : NameOf(contact);
}

// Whether new allocations may be placed there.
constexpr bool IsSchedulable(NodeState state, NodeContact contact) {
  return state == NodeState::kActive && contact == NodeContact::kOk;
}

struct ContactPolicy {
  std::chrono::seconds interval{5};       // between heartbeats
  std::chrono::seconds late_after{20};    //
  std::chrono::seconds fence_after{600};  // the agent stops its sandboxes by itself
  std::chrono::seconds lost_after{900};   // must be above fence_after
};

// The contact, after `current`, of a node last heard at `last_heartbeat`. It gets worse only by silence that counts:
// `counting_from` is since when the control plane has been able to hear without a gap. It gets better only by a fresh
// heartbeat.
NodeContact NextContact(const ContactPolicy& policy, NodeContact current, Time last_heartbeat, Time counting_from,
                        Time now);

}  // namespace gpuaas::domain
