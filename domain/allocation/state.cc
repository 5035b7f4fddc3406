#include "domain/allocation/state.h"

#include <algorithm>
#include <utility>

namespace gpuaas::domain {
namespace {

using S = AllocationState;

constexpr std::pair<S, S> kTransitions[] = {
    {S::kRequested, S::kQueued},        // no capacity
    {S::kRequested, S::kProvisioning},  // placed at once
    {S::kRequested, S::kReleasing},     // released before it was placed
    {S::kRequested, S::kFailed},        //
    {S::kQueued, S::kProvisioning},     // capacity came
    {S::kQueued, S::kReleasing},        //
    {S::kQueued, S::kFailed},           // waited too long
    {S::kProvisioning, S::kQueued},     // the node could not do it; placed again elsewhere
    {S::kProvisioning, S::kActive},     //
    {S::kProvisioning, S::kReleasing},  //
    {S::kProvisioning, S::kFailed},     //
    {S::kActive, S::kReleasing},        // released, lease ended, credit exhausted or node lost
    {S::kReleasing, S::kReleased},      //
    {S::kReleasing, S::kFailed},        // taken down because something failed
};

}  // namespace

std::optional<AllocationState> AllocationStateFromName(std::string_view name) {
  const auto* found = std::find(kAllocationStateNames.begin(), kAllocationStateNames.end(), name);
  if (found == kAllocationStateNames.end()) return std::nullopt;
  return static_cast<AllocationState>(found - kAllocationStateNames.begin());
}

bool CanTransition(AllocationState from, AllocationState to) {
  return std::ranges::find(kTransitions, std::pair(from, to)) != std::end(kTransitions);
}

}  // namespace gpuaas::domain
