#pragma once

#include "CLI/CLI.hpp"
#include "cli/core/invocation.h"
#include "cli/render/table.h"

namespace gpuaas::cli {

// Of lists.
const Columns& AllocationColumns();
// Of one allocation.
const Columns& AllocationCard();

// Whether it has not ended.
bool IsLive(const Json& allocation);

// `gpuaas allocations connect`.
void AddAllocationConnect(CLI::App& allocations, Invocation& run);

}  // namespace gpuaas::cli
