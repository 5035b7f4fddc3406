#pragma once

#include <string_view>

#include "api/common/binder.h"

namespace gpuaas::api {

// api/openapi.yaml as it was when this binary was built.
extern const std::string_view kContractYaml;

// The contract as a page, and as JSON.
void BindDocs(Binder& binder, Services& services);

}  // namespace gpuaas::api
