#pragma once

#include "api/common/call.h"
#include "api/common/rate_limiter.h"
#include "api/common/services.h"

namespace gpuaas::api {

// kPermissionDenied outside development mode; kRateLimited; kInvalidCredentials; the secret store's and database's.
absl::StatusOr<platform::Response> DevLogin(Services& services, RateLimiter& limiter, const Call& call);

absl::StatusOr<platform::Response> WhoAmI(const Call& call);

}  // namespace gpuaas::api
