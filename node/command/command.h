#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gpuaas::node {

// Runs a tool of the system (first word: its name on the usual PATH) to its end, with `input` as its stdin, no shell
// and no inherited descriptors. Its output, stdout and stderr together, when it ends with 0; otherwise kInternal with
// the tool's last words. Thread-safe.
absl::StatusOr<std::string> RunTool(const std::vector<std::string>& argv, std::string_view input = {});

// Whole-file helpers; kInternal with the path and errno's text.
absl::StatusOr<std::string> ReadFile(const std::string& path);
// Written beside, synced and renamed into place, so that readers see the old or the new one. `mode` as in chmod.
absl::Status WriteFile(const std::string& path, std::string_view content, unsigned mode);

// kInternal "what: <text of errno>".
absl::Status ErrnoStatus(std::string_view what);

}  // namespace gpuaas::node
