#pragma once

#include "cli/core/error.h"
#include "domain/error_code.h"

namespace gpuaas::cli {

// What each exit code means, for help and manual.
struct ExitRow {
  ExitCode exit;
  const char* meaning;
  const char* own_code = nullptr;  // a code of the CLI itself that ends so
};

inline constexpr ExitRow kExits[] = {
    {ExitCode::kDone, "done"},
    {ExitCode::kFailed, "failed, or what was waited for did", kWaitFailed},
    {ExitCode::kUsage, "wrong use of the command, or a field that is not allowed"},
    {ExitCode::kNotPlaced, "accepted but not placed: no capacity, or a quota"},
    {ExitCode::kDenied, "not logged in, or denied"},
    {ExitCode::kDeclined, "declined at the prompt", kDeclined},
    {ExitCode::kNotFound, "not found"},
    {ExitCode::kConflict, "conflict with what is there"},
    {ExitCode::kPending, "still pending at --timeout", kStillPending},
    {ExitCode::kRateLimited, "too many requests"},
    {ExitCode::kUnavailable, "the service is not available"},
    {ExitCode::kInterrupted, "interrupted; what was accepted continues", kInterrupted},
};

}  // namespace gpuaas::cli
