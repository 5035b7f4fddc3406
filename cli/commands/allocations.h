#pragma once

#include "CLI/CLI.hpp"
#include "cli/core/invocation.h"
#include "cli/render/table.h"

namespace gpuaas::cli {

// The columns of allocations.
const Columns& AllocationColumns();

// `gpuaas allocations connect`.
void AddAllocationConnect(CLI::App& allocations, Invocation& run);

}  // namespace gpuaas::cli
