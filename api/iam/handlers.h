#pragma once

#include "api/common/binder.h"

namespace gpuaas::api {

// auth and ssh-keys.
void BindIam(Binder& binder, Services& services);

}  // namespace gpuaas::api
