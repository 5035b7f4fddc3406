#pragma once

#include "api/common/call.h"
#include "api/common/services.h"

// What the workflow service knows, for operators. kTemporalUnavailable.
namespace gpuaas::api {

absl::StatusOr<platform::Response> ListWorkflows(Services& services, const Call& call);
absl::StatusOr<platform::Response> DescribeWorkflow(Services& services, const Call& call);
absl::StatusOr<platform::Response> GetWorkflowHistory(Services& services, const Call& call);

}  // namespace gpuaas::api
