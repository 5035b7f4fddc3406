#include "domain/nodes/state.h"

#include <algorithm>
#include <utility>

namespace gpuaas::domain {
namespace {

using S = NodeState;

constexpr std::pair<S, S> kTransitions[] = {
    {S::kEnrolled, S::kActive},     // first heartbeat with an inventory
    {S::kEnrolled, S::kCordoned},   //
    {S::kEnrolled, S::kReclaimed},  //
    {S::kActive, S::kCordoned},     //
    {S::kActive, S::kDraining},     //
    {S::kCordoned, S::kActive},     // uncordon
    {S::kCordoned, S::kDraining},   //
    {S::kCordoned, S::kReclaimed},  //
    {S::kDraining, S::kCordoned},   // empty
    {S::kDraining, S::kActive},     // drain called off
    {S::kDraining, S::kReclaimed},  //
};

template <typename Names>
auto IndexOf(const Names& names, std::string_view name) {
  const auto* found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? std::nullopt : std::optional(found - names.begin());
}

}  // namespace

std::optional<NodeState> NodeStateFromName(std::string_view name) {
  auto index = IndexOf(kNodeStateNames, name);
  return index ? std::optional(static_cast<NodeState>(*index)) : std::nullopt;
}

std::optional<NodeContact> NodeContactFromName(std::string_view name) {
  auto index = IndexOf(kNodeContactNames, name);
  return index ? std::optional(static_cast<NodeContact>(*index)) : std::nullopt;
}

bool CanTransition(NodeState from, NodeState to) {
  return std::ranges::find(kTransitions, std::pair(from, to)) != std::end(kTransitions);
}

NodeContact NextContact(const ContactPolicy& policy, NodeContact current, Time last_heartbeat, Time counting_from,
                        Time now) {
  if (now - last_heartbeat < policy.late_after) return NodeContact::kOk;
  const auto counted = now - std::max(last_heartbeat, counting_from);
  if (counted >= policy.lost_after) return NodeContact::kLost;
  if (counted >= policy.late_after) return std::max(current, NodeContact::kLate);
  return current;
}

}  // namespace gpuaas::domain
