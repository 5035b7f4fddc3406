#pragma once

#include <chrono>
#include <string>

#include "stores/allocation/allocations.h"
#include "stores/ops/outbox.h"

// What is said to the workflow of an allocation, as outbox rows.
namespace gpuaas::api {

stores::NewOutboxRow StartAllocation(const stores::Allocation& allocation, Time now);
stores::NewOutboxRow SignalRelease(const stores::Allocation& allocation, const OperationId& operation,
                                   const std::string& correlation_id, const std::string& reason, Time now);
stores::NewOutboxRow SignalExtend(const stores::Allocation& allocation, const OperationId& operation,
                                  const std::string& correlation_id, std::chrono::seconds by, Time now);

}  // namespace gpuaas::api
