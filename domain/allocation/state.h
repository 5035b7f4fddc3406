#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace gpuaas::domain {

// requested -> queued -> provisioning -> active -> releasing -> released; any living state may fail or be released.
enum class AllocationState {
  kRequested,     // accepted; its workflow has not placed it yet
  kQueued,        // no capacity now; waits in the queue of its region
  kProvisioning,  // GPUs are reserved; the node is building the sandbox
  kActive,        // usable and billed
  kReleasing,     // being taken down
  kReleased,      // final: all GPUs are free again
  kFailed,        // final: never became or could not stay usable; all GPUs are free again
};

inline constexpr std::array kAllocationStateNames = {
    std::string_view("requested"), std::string_view("queued"),    std::string_view("provisioning"),
    std::string_view("active"),    std::string_view("releasing"), std::string_view("released"),
    std::string_view("failed"),
};

// As in the API and in the database.
constexpr std::string_view NameOf(AllocationState state) {
  return kAllocationStateNames[static_cast<std::size_t>(state)];
}

std::optional<AllocationState> AllocationStateFromName(std::string_view name);

// The one table of legal transitions. Staying in a state is no transition.
bool CanTransition(AllocationState from, AllocationState to);

// released or failed.
constexpr bool IsFinal(AllocationState state) {
  return state == AllocationState::kReleased || state == AllocationState::kFailed;
}

}  // namespace gpuaas::domain
