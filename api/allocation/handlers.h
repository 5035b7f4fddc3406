#pragma once

#include "api/common/binder.h"

namespace gpuaas::api {

void BindAllocation(Binder& binder, Services& services);

}  // namespace gpuaas::api
