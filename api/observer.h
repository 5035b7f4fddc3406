#pragma once

#include "platform/http/server.h"

namespace gpuaas::api {

// An access log line and metrics for each request.
void ObserveRequest(const platform::RequestRecord& record);

}  // namespace gpuaas::api
