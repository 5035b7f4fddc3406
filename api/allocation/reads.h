#pragma once

#include "api/common/call.h"
#include "api/common/services.h"

namespace gpuaas::api {

class OpenStreams;

absl::StatusOr<platform::Response> ListAllocations(Services& services, const Call& call);
absl::StatusOr<platform::Response> GetAllocation(Services& services, const Call& call);
absl::StatusOr<platform::Response> GetAllocationHistory(Services& services, const Call& call);
absl::StatusOr<platform::Response> GetAllocationConnection(Services& services, const Call& call);
// Server-sent events from the tenant's log.
absl::StatusOr<platform::Response> WatchAllocation(Services& services, OpenStreams& streams, const Call& call);

}  // namespace gpuaas::api
