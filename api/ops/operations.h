#pragma once

#include "api/common/call.h"
#include "api/common/services.h"

namespace gpuaas::api {

// What was ordered and what came of it, to whom may read what it is about. kNotFound.
absl::StatusOr<platform::Response> GetOperation(Services& services, const Call& call);

}  // namespace gpuaas::api
