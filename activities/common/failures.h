#pragma once

#include "absl/status/status.h"
#include "temporal/common/failure.h"

namespace gpuaas::activities {

// Gives a failed activity our error code as its type, and retryability as the one table (domain/error_code.h) has it.
// For WorkerOptions::failure_hook.
void ApplyErrorCode(const absl::Status& status, temporal::FailureAttributes& attributes);

}  // namespace gpuaas::activities
