#pragma once

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "cli/commands/support.h"

// What `allocations history` and `ops workflows history` share.
namespace gpuaas::cli {

struct HistoryFlags {
  bool events = false;
};

void AddHistoryFlags(CLI::App& command, HistoryFlags& flags);

// Gets the history at `path` and shows its steps, by `picture` on a terminal; with --events the raw events instead, in
// the machine formats as `temporal workflow show --output json` writes them.
ExitCode ShowHistory(Invocation& run, const std::string& path, const HistoryFlags& flags,
                     const std::function<std::string(const Json&)>& picture);

}  // namespace gpuaas::cli
