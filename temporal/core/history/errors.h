#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace temporal::core {

// The workflow's code and its history disagree: fails the workflow task with NON_DETERMINISTIC_ERROR.
absl::Status Nondeterminism(std::string_view what);

// A history that no server writes, or an error of this engine: fails the workflow task.
absl::Status BadHistory(std::string_view what);

// History could not be fetched: nobody's fault, the task comes again.
absl::Status Unreachable(const absl::Status& cause);

bool IsNondeterminism(const absl::Status& status);
bool IsUnreachable(const absl::Status& status);

}  // namespace temporal::core
