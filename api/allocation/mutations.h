#pragma once

#include "api/common/call.h"
#include "api/common/services.h"

namespace gpuaas::api {

absl::StatusOr<platform::Response> CreateAllocation(Services& services, const Call& call);
absl::StatusOr<platform::Response> ExtendAllocation(Services& services, const Call& call);
absl::StatusOr<platform::Response> ReleaseAllocation(Services& services, const Call& call);

}  // namespace gpuaas::api
