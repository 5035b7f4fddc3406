#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Early return of failures. Not for coroutines.

#define GPUAAS_RETURN_IF_ERROR(expression)                    \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

#define GPUAAS_STATUS_CONCAT_INNER(a, b) a##b
#define GPUAAS_STATUS_CONCAT(a, b) GPUAAS_STATUS_CONCAT_INNER(a, b)

// GPUAAS_ASSIGN_OR_RETURN(auto value, MakeValue());
#define GPUAAS_ASSIGN_OR_RETURN(target, expression) \
  GPUAAS_ASSIGN_OR_RETURN_INNER(GPUAAS_STATUS_CONCAT(status_or_, __LINE__), target, expression)

#define GPUAAS_ASSIGN_OR_RETURN_INNER(holder, target, expression) \
  auto holder = (expression);                                     \
  if (!holder.ok()) return std::move(holder).status();            \
  target = *std::move(holder)
