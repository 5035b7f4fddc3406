#pragma once

#include "api/common/binder.h"

namespace gpuaas::api {

void BindCatalog(Binder& binder, Services& services);

}  // namespace gpuaas::api
