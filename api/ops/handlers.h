#pragma once

#include "api/common/binder.h"
#include "api/ops/health.h"

namespace gpuaas::api {

// ops/*, health and metrics.
void BindOps(Binder& binder, Services& services, HealthChecks& health);

}  // namespace gpuaas::api
