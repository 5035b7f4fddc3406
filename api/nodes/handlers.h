#pragma once

#include "api/common/binder.h"

namespace gpuaas::api {

// nodes/* for operators, and what agents ask.
void BindNodes(Binder& binder, Services& services);

}  // namespace gpuaas::api
